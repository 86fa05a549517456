/** The JSON schema of `rollscope.json`, from the settings of runs: completion, descriptions and validation in VS Code. */
import { CONFIGURATIONS } from '../../engine/config/named-configurations.ts';
import { configurationProperties } from './manifest.ts';

type Json = Record<string, unknown>;

export function configurationsSchema(): string {
  const configuration = strict({ type: 'object', properties: configurationProperties() });
  const schema = {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'Rollscope configurations',
    type: 'object',
    required: [CONFIGURATIONS],
    properties: {
      $schema: { type: 'string' },
      [CONFIGURATIONS]: {
        type: 'object',
        description: 'Configurations of runs, by name.',
        additionalProperties: { $ref: '#/definitions/configuration' },
      },
    },
    additionalProperties: false,
    definitions: {
      configuration: { description: 'Settings of the run; omitted ones have their defaults.', ...configuration },
    },
  };
  return `${JSON.stringify(schema, null, 1)}\n`;
}

/** No other keys, at any depth; options of rewards are listed in full. */
function strict(node: Json): Json {
  const { properties } = node as { properties?: Record<string, Json> };
  if (!properties) return node;
  const inner = Object.fromEntries(Object.entries(properties).map(([key, value]) => [key, strict(value)]));
  return { ...node, properties: inner, additionalProperties: false };
}
