/**
 * Pre-trains the embedded model: a character-level decoder, supervised on flawed solutions (`chains.ts`), with the same
 * graphs and optimizer as everything else. Reproducible: every number comes from the seed.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { writeCharacterTokenizer } from '../model/character-tokenizer.ts';
import { type DecoderConfig, parseHuggingFaceConfig } from '../model/config.ts';
import { type Parameter, Weights } from '../model/decoder.ts';
import { writeSafetensors } from '../model/safetensors.ts';
import { createTokenizer } from '../model/tokenizer.ts';
import { LossConfig, OptimizerConfig } from '../protocol/index.ts';
import { generator } from '../rollout/philox.ts';
import { createBackend } from '../runtime/ort-backend.ts';
import { Trainer } from '../training/trainer.ts';
import { chainProblem, chainProblems, type Family, flawedSolution, type Prior } from './chains.ts';
