/** The driver of JavaScript programs; see `python-driver.ts` for its protocol and what it guards against. */

export const JAVASCRIPT_DRIVER = `
(() => {
  const fs = require('node:fs');
  const vm = require('node:vm');
  const clean = require('node:assert');
  const { program, test, loaded, ended } = JSON.parse(fs.readFileSync(0, 'utf8'));
  const { writeSync } = fs;
  const leave = process.reallyExit.bind(process);
  const { stringify } = JSON;
  const { apply, ownKeys } = Reflect;
  const { defineProperty, freeze, getOwnPropertyDescriptor, getPrototypeOf, is } = Object;
  const [Later, later, ErrorClass, global, emitter] = [Promise, setImmediate, Error, globalThis, process];
  const isObject = (value) => (typeof value === 'object' && value !== null) || typeof value === 'function';

  const frozen = new Set();
  const freezeAll = (value) => {
    if (!isObject(value) || frozen.has(value)) return;
    frozen.add(freeze(value));
    for (const key of ownKeys(value)) freezeAll(getOwnPropertyDescriptor(value, key).value);
  };
  freezeAll(clean);
  // what runs a script, and what would write around the driver
  freezeAll(vm);
  freeze(getPrototypeOf(vm.Script.prototype));
  delete process.binding;
  const usual = require;
  const requireClean = freeze(
    Object.assign((id) => {
      const strict = id === 'assert/strict' || id === 'node:assert/strict';
      return strict ? clean.strict : id === 'assert' || id === 'node:assert' ? clean : usual(id);
    }, usual),
  );

  const NAMES = (
    'Object Function Array String Number Boolean Symbol BigInt Math JSON Reflect Proxy Promise Map Set WeakMap WeakSet ' +
    'RegExp Date Error EvalError RangeError ReferenceError SyntaxError TypeError URIError ArrayBuffer DataView ' +
    'Int8Array Uint8Array Uint8ClampedArray Int16Array Uint16Array Int32Array Uint32Array Float32Array Float64Array ' +
    'BigInt64Array BigUint64Array parseInt parseFloat isNaN isFinite'
  ).split(' ');
  const natives = NAMES.map((name) => globalThis[name]);
  const places = new Set(natives);
  for (const value of natives) if (value.prototype) places.add(value.prototype);
  const walks = [[].values(), new Map().values(), new Set().values(), ''[Symbol.iterator](), (function* () {})()];
  for (const walk of walks) {
    for (let at = getPrototypeOf(walk); at !== null; at = getPrototypeOf(at)) places.add(at);
  }
  places.add(getPrototypeOf(Int8Array)).add(getPrototypeOf(Int8Array).prototype);
  const held = [...places].map((place) => ({
    place,
    above: getPrototypeOf(place),
    keys: ownKeys(place),
    slots: ownKeys(place).map((key) => getOwnPropertyDescriptor(place, key)),
  }));
  const label = String;
  const hidden = '_' + ended.replaceAll('-', '');
  const mentioned = NAMES.map((name, at) => ({ name, value: natives[at] })).filter(({ name }) =>
    new RegExp('\\\\b' + name + '\\\\b').test(test),
  );
  const { emit } = emitter;
  const hooks = ['uncaughtException', 'unhandledRejection'];

  // loops by index: a program may have changed how lists are walked
  const changed = () => {
    for (let i = 0; i < held.length; i++) {
      const { place, above, keys, slots } = held[i];
      if (getPrototypeOf(place) !== above) return 'a prototype';
      for (let k = 0; k < keys.length; k++) {
        const now = getOwnPropertyDescriptor(place, keys[k]);
        const { value, get, set } = slots[k];
        const same = now !== undefined && is(now.value, value) && now.get === get && now.set === set;
        // the rest are settings, such as the depth of stack traces
        if (!same && (isObject(value) || get !== undefined)) return label(keys[k]);
      }
      const all = ownKeys(place);
      for (let k = 0; k < all.length; k++) {
        if (typeof all[k] !== 'symbol' && all[k] !== 'toJSON' && all[k] !== 'then') continue;
        let known = false;
        for (let j = 0; j < keys.length; j++) known ||= keys[j] === all[k];
        if (!known) return label(all[k]);
      }
    }
    const values = evaluate(shadows);
    for (let i = 0; i < mentioned.length; i++) if (values[i] !== mentioned[i].value) return mentioned[i].name;
    if (emitter.emit !== emit) return 'process.emit';
    for (let i = 0; i < hooks.length; i++) {
      const listeners = emitter._events[hooks[i]];
      if (listeners !== failed && listeners?.[0] !== failed) return 'process.on';
    }
    return null;
  };

  let where = 'program';
  const told = (error) => {
    // not stringify of an object: what a program adds to objects has a say in it
    writeSync(1, '\\n' + ended + ' ' + (error === null ? 'passed' : where + ' ' + stringify(error)) + '\\n');
    leave(0);
  };
  const failed = (error) => {
    const isError = error instanceof ErrorClass || (typeof error === 'object' && error !== null && 'message' in error);
    const text = isError ? error.name + ': ' + error.message : 'it threw ' + label(error);
    told(text.split('\\n')[0].slice(0, 300));
  };
  process.on(hooks[0], failed);
  process.on(hooks[1], failed);

  const { runInThisContext } = vm.Script.prototype;
  const evaluate = (script) => apply(runInThisContext, script, []);
  const script = (code, filename) => {
    try {
      return new vm.Script(code, { filename });
    } catch (error) {
      return { error };
    }
  };
  const shadows = script('[' + mentioned.map(({ name }) => name) + ']');
  const own = script('[assert, require]');
  // Plain, and for a program that has an assert or a require of its own
  const scripts = [script(test, 'test.js'), script('with (' + hidden + ') {' + test + '\\n}', 'test.js')];

  const assertion = { assert: clean, require: requireClean };
  Object.assign(globalThis, { module, exports: module.exports, ...assertion });
  const run = async () => {
    try {
      vm.runInThisContext(program, { filename: 'program.js' });
      writeSync(1, '\\n' + loaded + '\\n');
      where = 'test';
      const fixed = (name, value) => defineProperty(global, name, { __proto__: null, value, writable: false, configurable: false });
      if (scripts[0].error) throw scripts[0].error;
      fixed('assert', clean);
      fixed('require', requireClean);
      fixed(hidden, freeze({ __proto__: null, ...assertion }));
      const seen = evaluate(own);
      const chosen = scripts[seen[0] === clean && seen[1] === requireClean ? 0 : 1];
      if (chosen.error) throw chosen.error;
      let name = changed();
      if (name === null) {
        await evaluate(chosen);
        // what the test left to later may still fail
        await new Later((resolve) => later(resolve));
        name = changed();
      }
      told(name === null ? null : 'the program changes ' + name + ', which the test may rely on');
    } catch (error) {
      failed(error);
    }
  };
  run();
})();
`;
