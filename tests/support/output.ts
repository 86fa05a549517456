import { Output } from '../../engine/cli/output.ts';

/** Captures what a command prints. */
export class FakeOutput extends Output {
  text = '';
  readonly results: object[] = [];

  constructor() {
    super(true);
  }

  override print(text: string): void {
    this.text += `${text}\n`;
  }

  override note(text: string): void {
    this.print(text);
  }

  override result(value: object): void {
    this.results.push(value);
  }
}
