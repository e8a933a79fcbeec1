// What the process of a capture window is told by its record: words and numbers only, for it enters the history.
import type { CaptureLevel } from '../runtime/capture-window.ts';

export interface CaptureView {
  level: CaptureLevel;
  /** It is closed, by somebody or by its time. */
  over: boolean;
  /** Milliseconds until its time is over. */
  again_after_ms: number;
}
