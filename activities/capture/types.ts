import type { CaptureView } from '../../domain/process/capture.ts';

export interface CaptureActivities {
  /** Closes the window when its time is over. Null: there is no such window. */
  attendCapture(of: { workspace_id: string; window_id: string }): Promise<CaptureView | null>;
}
