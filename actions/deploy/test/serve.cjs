// Serves a model that says how it behaves: node serve.cjs MODEL_FOLDER PORT
const { readFileSync } = require('node:fs')
const { createServer } = require('node:http')
const { join } = require('node:path')

const [folder, port] = process.argv.slice(2)
const model = JSON.parse(readFileSync(join(folder, 'model.json'), 'utf8'))
if (model.breaks === 'start') {
  console.error('cannot load the model: späť', process.env.TOKEN ?? '')
  process.exit(1)
}

function answer(response, status, body) {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(JSON.stringify(body))
}

createServer((request, response) => {
  if (request.url === '/health') return answer(response, model.breaks === 'health' ? 503 : 200, { status: 'ok' })
  if (model.breaks === 'predict') return answer(response, 500, { error: 'no score' })
  const waitMs = Number(new URL(request.url, 'http://x').searchParams.get('wait') ?? 0)
  setTimeout(() => answer(response, 200, { version: model.version, predictions: [{ score: 0.5, late: 0 }] }), waitMs)
}).listen(Number(port), '127.0.0.1', () => console.log('listening'))
