import { Component, type ReactNode } from 'react';

interface BoundaryProps {
  /** What is drawn. Another one is tried anew. */
  of?: unknown;
  fallback: (error: unknown, again: () => void) => ReactNode;
  children: ReactNode;
}

interface BoundaryState {
  of: unknown;
  failure: { error: unknown } | undefined;
}

/** Keeps what breaks while it is drawn from taking the page with it. */
export class Boundary extends Component<BoundaryProps, BoundaryState> {
  override state: BoundaryState = { of: this.props.of, failure: undefined };

  static getDerivedStateFromError(error: unknown): Partial<BoundaryState> {
    return { failure: { error } };
  }

  static getDerivedStateFromProps({ of }: BoundaryProps, state: BoundaryState): BoundaryState | null {
    return of === state.of ? null : { of, failure: undefined };
  }

  override render(): ReactNode {
    const { failure } = this.state;
    return failure ? this.props.fallback(failure.error, this.#again) : this.props.children;
  }

  readonly #again = (): void => this.setState({ failure: undefined });
}
