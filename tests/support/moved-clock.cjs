/** Preloaded by a test into a program: its clock runs `CLOCK_DAYS` days ahead. */
const Actual = Date;
const ahead = Number(process.env.CLOCK_DAYS) * 24 * 60 * 60 * 1000;

globalThis.Date = class extends Actual {
  constructor(...given) {
    if (given.length === 0) super(Actual.now() + ahead);
    else super(...given);
  }

  static now() {
    return Actual.now() + ahead;
  }
};
