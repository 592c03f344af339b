// Evaluates what it is sent in a thread of its own, which can be ended.
import { parentPort, workerData } from 'node:worker_threads'
import { openModule } from './guard-host.mjs'

const { evaluate } = openModule(workerData.code, Buffer.from(workerData.data))
parentPort.on('message', (input) => parentPort.postMessage(evaluate(Buffer.from(input))))
parentPort.postMessage('ready')
