/** Options of rewards that put questions of their own to the model: how the responses are sampled. */
import { type Flag, integer, number } from '../protocol/settings/kit.ts';

/** Sampling temperature, from 0 (greedy) to 10. @param of what is sampled, in the plural @param value the default */
export const temperature = (flag: Flag, of: string, value: number) =>
  number({
    title: `Temperature of the ${of}`,
    help: `sampling temperature of the ${of}`,
    example: '0.5',
    placeholder: 't',
    flag,
    min: 0,
    max: 10,
    default: value,
  });

/** Most tokens of one response, at least 1. @param of what is sampled, in the singular @param value the default */
export const maxTokens = (flag: Flag, of: string, value: number) =>
  integer({
    title: `Maximum length of a ${of}`,
    help: `maximum length of a ${of} in tokens`,
    unit: 'tokens',
    example: '256',
    placeholder: 'n',
    flag,
    min: 1,
    max: 131_072,
    default: value,
  });
