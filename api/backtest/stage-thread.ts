// A thread that runs one stage of a backtest; see threaded-stage.ts.
import { parentPort, workerData } from 'node:worker_threads';
import { StageRuns, type StageAnswer, type StagePlan } from './stage-runs.js';
import type { StageRequest } from './threaded-stage.js';

const port = parentPort;
if (port === null) throw new TypeError('stage-thread.js is the code of a thread');
const runs = new StageRuns(workerData as StagePlan);
const answer = (lines: StageRequest): StageAnswer => (lines === null ? runs.end() : runs.take(lines));

port.on('message', (lines: StageRequest) => port.postMessage(answer(lines)));
