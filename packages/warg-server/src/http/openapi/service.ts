import { json, named, type Operation } from './operation.ts';

const text = { type: 'string' };
const count = { type: 'integer', minimum: 0 };

export const openApiDocument: Operation = {
  id: 'openApiDocument',
  summary: 'This document',
  answers: {
    200: {
      description: 'The API of this process in OpenAPI 3.1.',
      content: json({
        type: 'object',
        required: ['openapi', 'info', 'paths'],
        properties: { openapi: text, info: { type: 'object' }, paths: { type: 'object' } },
      }),
    },
  },
};

const document: Operation['answers'] = {
  200: {
    description: 'Where the registry is, and with which key it signs.',
    content: json({
      type: 'object',
      required: ['wargUrl', 'preferredProtocol', 'warg'],
      properties: {
        wargUrl: text,
        preferredProtocol: text,
        warg: {
          type: 'object',
          required: ['url', 'wargOperatorKey'],
          properties: { url: text, wargOperatorKey: text },
        },
      },
    }),
  },
};

export const wasmPkgDocument: Operation = {
  id: 'wasmPkgDocument',
  summary: "The registry's document",
  answers: document,
};

export const wargDocument: Operation = {
  id: 'wargDocument',
  summary: "The registry's document at its older place",
  answers: document,
};

export const health: Operation = {
  id: 'health',
  summary: 'Whether the process is alive',
  answers: {
    200: {
      description: 'It is.',
      content: json({ type: 'object', required: ['status'], properties: { status: { const: 'ok' } } }),
    },
  },
};

export const readiness: Operation = {
  id: 'readiness',
  summary: 'Whether the process should get requests',
  answers: {
    200: {
      description: 'It should.',
      content: json({
        type: 'object',
        required: ['status', 'logLength', 'checkpointAge'],
        properties: { status: { const: 'ready' }, logLength: count, checkpointAge: count },
      }),
    },
    503: {
      description: 'It should not: the checkpoint is old, or the registry is being restored.',
      content: json(named('MonitorError')),
    },
  },
};
