/** Chat templates are programs of strangers: what they render, and that none of them keeps the engine. */
import { Template } from '@huggingface/jinja';
import { describe, expect, test } from 'vitest';
import { ChatTemplate } from '../../engine/model/chat-template.ts';
import { DEEPSEEK_R1 } from '../support/deepseek-r1.ts';

const messages = [
  { role: 'system', content: 'Reason step by step.' },
  { role: 'user', content: 'What is 2+3?' },
];
const given = { messages, bosToken: '<s>', eosToken: '</s>', date: new Date('2026-03-09T23:00:00Z') };
const render = (text: string, more: Record<string, unknown> = {}) => new ChatTemplate(text).render({ ...given, more });

const CHATML = `{{ bos_token }}{% for message in messages %}
    {% if loop.first and message['role'] != 'system' %}none{% endif %}
    {{- '<|im_start|>' + message['role'] + '\\n' + message['content'] | trim + '<|im_end|>' + '\\n' }}
{% endfor %}
{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}`;

test('a template renders as the library renders it', () => {
  const variables = { messages, add_generation_prompt: true, bos_token: '<s>', eos_token: '</s>' };
  expect(render(CHATML)).toBe(new Template(CHATML).render(variables));
  expect(render(CHATML)).toContain('<|im_start|>user\nWhat is 2+3?<|im_end|>\n');
});

test('Windows line ends are treated as Jinja treats them', () => {
  expect(render(CHATML.replaceAll('\n', '\r\n'))).toBe(render(CHATML));
});

test('strftime_now prints the given date, and variables reach the template', () => {
  expect(render("{{ strftime_now('%d %b %Y') }}")).toBe('09 Mar 2026');
  const thinking = "{{ 'think' if enable_thinking is not defined or enable_thinking else 'answer' }}";
  expect([render(thinking), render(thinking, { enable_thinking: false })]).toEqual(['think', 'answer']);
});

test('variables cannot replace the messages', () => {
  expect(render('{{ messages | length }}', { messages: [] })).toBe('2');
});

test('a template that refuses its input says why', () => {
  expect(() => render("{{ raise_exception('System role not supported') }}")).toThrow('System role not supported');
});

test("DeepSeek-R1's template begins the answer with <think>, and drops earlier reasoning", () => {
  expect(render(DEEPSEEK_R1)).toBe('<s>Reason step by step.<｜User｜>What is 2+3?<｜Assistant｜><think>\n');
  const earlier = { role: 'assistant', content: 'First\n</think>\n5' };
  const more = [...messages, earlier, { role: 'user', content: 'And 3+3?' }];
  expect(new ChatTemplate(DEEPSEEK_R1).render({ ...given, messages: more, more: {} })).toBe(
    '<s>Reason step by step.<｜User｜>What is 2+3?<｜Assistant｜>\n5<｜end▁of▁sentence｜><｜User｜>And 3+3?<｜Assistant｜><think>\n',
  );
});

describe('on a budget', () => {
  test.each([
    ['a list without end', '{% for i in range(1000000000) %}x{% endfor %}', 'list'],
    ['a list backwards', '{{ range(0, -1000000000, -1) | length }}', 'list'],
    ['a list of a length that is not a number', "{{ range(0, 1, 'a') | length }}", 'list'],
    ['loops in loops', `${'{% for i in range(1000) %}'.repeat(5)}x${'{% endfor %}'.repeat(5)}`, 'steps'],
    ['empty loops in loops', `${'{% for i in range(9999) %}'.repeat(3)}${'{% endfor %}'.repeat(3)}`, 'steps'],
    [
      'a text that doubles',
      `{% set n = namespace(s='x') %}{% for i in range(60) %}{% set n.s = n.s ~ n.s %}{% endfor %}`,
      'text',
    ],
    [
      'a list that doubles',
      '{% set n = namespace(s=[1]) %}{% for i in range(60) %}{% set n.s = n.s + n.s %}{% endfor %}',
      'list',
    ],
    ['long output', `{% for i in range(9999) %}${'x'.repeat(1000)}{% endfor %}`, 'text'],
    ['a wide indent', "{{ 'a' | indent(100000000, true) }}", 'text'],
    [
      'loops over a list with a name',
      `{% set r = range(9999) %}${'{% for i in r %}'.repeat(3)}${'{% endfor %}'.repeat(3)}`,
      'steps',
    ],
    [
      'a long separator',
      "{% set s = 'x' * 1 %}{{ range(9999) | join('x'.replace('x', 'y' | indent(90000, true))) }}",
      /./,
    ],
    ['a replacement at every place', `{% set t = '${'a'.repeat(9000)}' %}{{ t.replace('a', t) | length }}`, 'text'],
    ['the same as a filter', `{% set t = '${'a'.repeat(9000)}' %}{{ t | replace('a', t) | length }}`, 'text'],
    [
      'a method with a name',
      `{% set t = '${'a'.repeat(9000)}' %}{% set f = t.replace %}{{ f('a', t) | length }}`,
      'text',
    ],
    ['a method by its text', `{% set t = '${'a'.repeat(9000)}' %}{{ t['replace']('', t) | length }}`, 'text'],
    ['many pieces', `{% set t = '${'a '.repeat(30_000)}' %}{{ t.split() | length }}`, 'list'],
    ['many parts', `{% set t = '${'a,'.repeat(30_000)}' %}{{ t.split(',') | length }}`, 'list'],
    ['a text joined by another', `{% set t = '${'a'.repeat(9000)}' %}{{ t | join(t) | length }}`, 'text'],
    ['a list of one text', `{% set t = '${'a'.repeat(9000)}' %}{{ range(9999) | join(t) | length }}`, 'text'],
    [
      'a list that holds itself twice',
      '{% set n = namespace(s=[1, 2]) %}{% for i in range(60) %}{% set n.s = [n.s, n.s] %}{% endfor %}{{ n.s | tojson | length }}',
      'list of',
    ],
    [
      'a dictionary that does',
      "{% set n = namespace(s={'a': 'b'}) %}{% for i in range(60) %}{% set n.s = {'a': n.s, 'b': n.s} %}{% endfor %}{{ n.s | string | length }}",
      'list of',
    ],
    [
      'a namespace that does',
      '{% set n = namespace(s=1) %}{% for i in range(60) %}{% set m = namespace(a=n, b=n) %}{% set n = m %}{% endfor %}{{ n }}{{ [n] }}',
      /./,
    ],
    ['a wide indent of JSON', '{{ [[[[[[1, 2, 3]]]]]] | tojson(indent=1000000) | length }}', 'text'],
    [
      'wide separators',
      `{% set t = '${'a'.repeat(9000)}' %}{{ range(9999) | tojson(separators=[t, t]) | length }}`,
      /./,
    ],
    [
      'copies by slicing',
      `{% set r = range(9999) %}{% for i in range(9999) %}{% set x = r[1:] %}{% endfor %}`,
      'steps',
    ],
    [
      'texts turned around',
      `{% set n = namespace(s='${'a'.repeat(1000)}') %}{% for i in range(10) %}{% set n.s = n.s ~ n.s %}{% endfor %}{% for i in range(9999) %}{{ n.s[::-1] }}{% endfor %}`,
      'steps',
    ],
    ['recursion', '{% macro f(n) %}{{ f(n) }}{{ f(n) }}{% endmacro %}{{ f(1) }}', /./],
  ])('%s ends', (_, text, reason) => {
    expect(() => render(text)).toThrow(reason);
  });

  test('templates behave as before', () => {
    const text = [
      "{{ 'a-b-c'.split('-')[1].strip().upper() }}",
      "{{ 'a b' | replace('a', 'c') | indent(2, true) }}",
      "{{ [1, 'x'] | join(', ') }} {{ {'a': [1, {'b': 2}]} | tojson(indent=2) }}",
      "{{ messages[1:] | map(attribute='content') | join('|') }} {{ messages[-1].content.split('is')[-1] | trim }}",
      '{% set n = namespace(a=[]) %}{% for m in messages %}{% set n.a = n.a + [m.role] %}{% endfor %}{{ n.a | string }}',
      "{{ 'abc' | join('-') }} {{ 'x'['upper']() }} {{ messages[0].items() | length }} {{ 'a\\nb' | indent }}",
    ].join('\n');
    const variables = { messages, add_generation_prompt: true };
    expect(render(text)).toBe(new Template(text).render(variables));
  });

  test('long conversations fit', () => {
    const turn = (_: unknown, i: number) => ({ role: i % 2 ? 'assistant' : 'user', content: 'x'.repeat(1500) });
    const long = Array.from({ length: 500 }, turn);
    const text = CHATML.replace(
      '{{-',
      "{% if loop.index0 > 0 and messages[loop.index0 - 1]['role'] == 'tool' %}tool{% endif %}\n    {{-",
    );
    expect(new ChatTemplate(text).render({ ...given, messages: long }).length).toBeGreaterThan(750_000);
  });
});
