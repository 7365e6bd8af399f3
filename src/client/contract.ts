// Stands in for the types generated from the contract until it is emitted.
type Answer<T> = { 200: { content: { 'application/json': T } }, default: { content: { 'application/problem+json': components['schemas']['Problem'] } } }

export interface components {
  schemas: {
    Problem: { type: string, title: string, status: number, detail: string, code: string }
    Created: { type: 'created', data: string, drop: string, expires: string }
    Ack: { type: 'ack', data: number }
    Stored: { type: 'ack', data: number, seq: number }
    Msgs: { type: 'msgs', data: unknown[], next: number }
  }
}

type Path = { box: string }
export interface paths {
  '/boxes': {
    post: { requestBody?: { content: { 'application/json': { ttl?: number } } }, responses: { 201: { content: { 'application/json': components['schemas']['Created'] } } } }
  }
  '/boxes/{box}': {
    delete: { parameters: { path: Path }, responses: { 204: { content?: never } } }
  }
  '/boxes/{box}/messages': {
    get: { parameters: { path: Path, query?: { after?: number, limit?: number, wait?: number } }, responses: Answer<components['schemas']['Msgs']> }
    post: { parameters: { path: Path, header?: { 'Idempotency-Key'?: string } }, requestBody: { content: { 'application/json': unknown } }, responses: Answer<components['schemas']['Stored']> }
    delete: { parameters: { path: Path }, responses: Answer<components['schemas']['Msgs']> }
  }
  '/boxes/{box}/cursor': {
    put: { parameters: { path: Path }, requestBody: { content: { 'application/json': { after: number } } }, responses: Answer<components['schemas']['Ack']> }
  }
}
