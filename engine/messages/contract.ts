/**
 * Contracts: what two programs of Rollscope may say to each other, by name. A contract is written once; both ends are typed
 * by it. A shape is either a zod schema, checked once, where a message of the other side arrives, or `unchecked<T>()`
 * between two ends that trust each other. An end that checks nothing (the panel's page) imports only the contract's type,
 * so zod does not get there.
 */
import type * as z from 'zod';

declare const phantomType: unique symbol;
/** A type without a check. */
export interface Unchecked<T> {
  readonly [phantomType]?: T;
}

/** A shape of this type that lets everything pass: for two ends that are parts of one program. */
export function unchecked<T>(): Unchecked<T> {
  return UNCHECKED;
}
const UNCHECKED = {};

export type MessageShape = z.ZodType | Unchecked<unknown>;

export interface Contract {
  /** Parameters are one object each; a request without parameters takes `{}`. */
  readonly requests: Readonly<Record<string, { readonly params: MessageShape; readonly result: MessageShape }>>;
  readonly notifications: Readonly<Record<string, MessageShape>>;
}

/** Keeps the types of a contract exact. */
export function defineContract<const C extends Contract>(contract: C): C {
  return contract;
}

/** The sender's type: fields with defaults are optional. */
export type Sent<S> = S extends z.ZodType ? z.input<S> : S extends Unchecked<infer T> ? T : never;
/** The receiver's type: the schema has filled in defaults. */
export type Received<S> = S extends z.ZodType ? z.output<S> : S extends Unchecked<infer T> ? T : never;

export type RequestName<C extends Contract> = keyof C['requests'] & string;
export type NotificationName<C extends Contract> = keyof C['notifications'] & string;

export type ParamsOf<C extends Contract, R extends RequestName<C>> = Sent<C['requests'][R]['params']>;
export type ResultOf<C extends Contract, R extends RequestName<C>> = Received<C['requests'][R]['result']>;
export type NotificationOf<C extends Contract, N extends NotificationName<C>> = Received<C['notifications'][N]>;

/**
 * Answers a request; what it throws reaches the other end. `signal` is aborted when the caller has lost interest: its
 * reason is a RollscopeError, `canceled` if they said so, another code if the conversation has ended.
 */
export type Handler<C extends Contract, R extends RequestName<C>> = (
  params: Received<C['requests'][R]['params']>,
  signal: AbortSignal,
) => Promise<Sent<C['requests'][R]['result']>> | Sent<C['requests'][R]['result']>;
export type Handlers<C extends Contract> = { readonly [R in RequestName<C>]: Handler<C, R> };
