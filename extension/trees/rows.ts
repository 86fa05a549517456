/** The rows of a view, as VS Code asks for them. */
import * as vscode from 'vscode';
import { Emitter } from '../../engine/messages/json-rpc.ts';

/**
 * Rows are loaded before VS Code is notified, and rows that stay are changed in place: VS Code forgets the rows of a
 * view while it reads them again, and a command chosen from a menu in that time would not know its row.
 */
export abstract class Rows<T extends vscode.TreeItem> implements vscode.TreeDataProvider<T> {
  private readonly changes = new Emitter<T | T[] | undefined>();
  readonly onDidChangeTreeData = this.changes.event;
  /** The rows that VS Code has now. */
  private known: readonly T[] | null = null;
  /** The rows for its next request. */
  private next: readonly T[] | null = null;
  private refreshes = 0;

  /** The rows of the first level. */
  protected abstract load(): Promise<T[]>;

  /** The rows below a row. */
  protected childrenOf(_item: T): readonly T[] {
    return [];
  }

  getTreeItem(item: T): vscode.TreeItem {
    return item;
  }

  async getChildren(item?: T): Promise<T[]> {
    if (item) return [...this.childrenOf(item)];
    const rows = this.next ?? (await this.load());
    this.next = null;
    this.known = rows;
    return [...rows];
  }

  /** @param visible whether the rows are on the screen; otherwise they are loaded when they are */
  async refresh(visible = true): Promise<void> {
    const refresh = ++this.refreshes;
    // If this fails, VS Code asks again and shows the error.
    const rows = visible && this.known ? await this.load().catch(() => null) : null;
    // A later refresh loads newer rows.
    if (refresh !== this.refreshes) return;
    const changed = rows && this.known && !this.next ? this.updated(this.known, rows) : null;
    if (changed === null) {
      this.next = rows;
      this.changes.fire(undefined);
    } else if (changed.length > 0) this.changes.fire(changed);
  }

  dispose(): void {
    this.changes.dispose();
  }

  /** Changes rows to later ones, and returns those that look different now; null where rows come, go or move. */
  private updated(rows: readonly T[], later: readonly T[]): T[] | null {
    const [before, after] = [this.flatten(rows), this.flatten(later)];
    if (before.length !== after.length || before.some(({ item, depth }, i) => !isSame(item, depth, after[i]!)))
      return null;
    const pairs = before.map(({ item }, i) => [item, after[i]!.item] as const);
    const different = pairs.filter(([item, other]) => appearance(item) !== appearance(other));
    for (const [item, other] of pairs) this.replace(item, other);
    return different.map(([item]) => item);
  }

  /** Gives a row the content of a later one with the same rows below it. */
  protected replace(item: T, later: T): void {
    // What a click runs is given the row itself.
    Object.assign(item, later, { command: item.command });
  }

  private flatten(rows: readonly T[], depth = 0): { item: T; depth: number }[] {
    return rows.flatMap((item) => [{ item, depth }, ...this.flatten(this.childrenOf(item), depth + 1)]);
  }
}

function isSame(item: vscode.TreeItem, depth: number, other: { item: vscode.TreeItem; depth: number }): boolean {
  return item.id === other.item.id && depth === other.depth;
}

/** How a row looks, as one string for comparison. */
function appearance({
  label,
  description,
  contextValue,
  iconPath,
  tooltip,
  collapsibleState,
}: vscode.TreeItem): string {
  const text = tooltip instanceof vscode.MarkdownString ? tooltip.value : tooltip;
  return JSON.stringify([label, description, contextValue, iconPath, text, collapsibleState]);
}
