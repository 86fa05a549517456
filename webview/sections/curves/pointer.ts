/**
 * Pointer and keys over the charts: the step under the pointer, the range of steps that is shown, and going to a step.
 */
import type { ReactiveControllerHost } from 'lit';
import { type Domain, partBetween, stepIn, zoomed } from '../../charts/domain.ts';

/** CSS pixels within which a press is a click and not a drag. */
const CLICK = 4;

export interface PointedCharts {
  /** All steps that the charts have. */
  all(): Domain;
  /** The step whose values are shown while the pointer is elsewhere. */
  at(): number;
  lookAt(step: number): void;
}

/** The drawing area of a chart, in CSS pixels from its left edge. */
interface Plot {
  left: number;
  right: number;
}

/** One for all charts of a section, since they show the same steps and the same step under the pointer. */
export class ChartPointer {
  /** The part of the steps that is shown; null for all. */
  part: Domain | null = null;
  /** The step under the pointer. */
  hover: number | null = null;
  private drag: { from: number; x: number } | null = null;

  constructor(
    private readonly host: Pick<ReactiveControllerHost, 'requestUpdate'>,
    private readonly charts: PointedCharts,
  ) {}

  /** The steps that are shown. */
  get domain(): Domain {
    return this.part ?? this.charts.all();
  }

  /** The part that is being dragged over; null for none. */
  get dragged(): Domain | null {
    const { drag, hover } = this;
    return drag && hover !== null ? partBetween(drag.from, hover, this.charts.all()) : null;
  }

  show(part: Domain | null): void {
    this.part = part;
    this.host.requestUpdate();
  }

  press(event: PointerEvent, plot: Plot): void {
    if (event.button !== 0) return;
    (event.currentTarget as Element).setPointerCapture(event.pointerId);
    this.drag = { from: this.stepAt(event, plot), x: event.clientX };
  }

  move(event: PointerEvent, plot: Plot): void {
    const step = this.stepAt(event, plot);
    if (step === this.hover) return;
    this.hover = step;
    this.host.requestUpdate();
  }

  readonly release = (event: PointerEvent): void => {
    const { drag, hover } = this;
    this.drag = null;
    if (!drag) return;
    const part = partBetween(drag.from, hover ?? drag.from, this.charts.all());
    if (Math.abs(event.clientX - drag.x) > CLICK && part) this.show(part);
    else this.charts.lookAt(drag.from);
  };

  readonly leave = (): void => {
    if (this.drag) return;
    this.hover = null;
    this.host.requestUpdate();
  };

  readonly key = (event: KeyboardEvent): void => {
    const { domain } = this;
    const at = this.hover ?? Math.round(this.charts.at());
    const by = { ArrowLeft: -1, ArrowRight: 1, PageUp: 10, PageDown: -10 }[event.key];
    if (by !== undefined) this.hover = Math.max(domain[0], Math.min(domain[1], at + by));
    else if (event.key === 'Home' || event.key === 'End') this.hover = domain[event.key === 'Home' ? 0 : 1];
    else if (event.key === '+' || event.key === '-')
      this.part = zoomed(domain, at, event.key === '+' ? 0.5 : 2, this.charts.all());
    else if (event.key === '0' || (event.key === 'Escape' && this.part)) this.part = null;
    else if (event.key === 'Enter') this.charts.lookAt(at);
    else return;
    event.preventDefault();
    event.stopPropagation();
    this.host.requestUpdate();
  };

  /** The step at a place of a chart. */
  private stepAt(event: PointerEvent, plot: Plot): number {
    const { left } = (event.currentTarget as Element).getBoundingClientRect();
    return Math.round(stepIn(this.domain, (event.clientX - left - plot.left) / (plot.right - plot.left)));
  }
}
