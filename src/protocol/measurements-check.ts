import { Ajv, type ValidateFunction } from 'ajv'
import { MAX_SERIES, REQUEST_BOUNDS, type Measurements } from './measurements.ts'

const AMOUNT = { type: 'number', minimum: 0 }
const NAME = { type: 'string', pattern: '^(nodejs|process)_[a-z0-9_]{1,80}$' }

/** Each list is limited, because an application can send messages that look like Baton's. */
const SCHEMA = {
  type: 'object',
  required: ['bounds', 'requests', 'inFlight', 'connections', 'shed', 'closedAtDeadline', 'node'],
  properties: {
    // Those of a release with other buckets cannot be added up.
    bounds: { const: REQUEST_BOUNDS },
    requests: {
      type: 'array',
      // A few series by status are for requests beyond the limit.
      maxItems: 2 * MAX_SERIES,
      items: {
        type: 'object',
        required: ['method', 'route', 'status', 'sum', 'counts'],
        properties: {
          method: { type: 'string', maxLength: 20 },
          route: { type: 'string', maxLength: 200 },
          status: { type: 'integer', minimum: 100, maximum: 999 },
          sum: AMOUNT,
          counts: { type: 'array', minItems: REQUEST_BOUNDS.length + 1, maxItems: REQUEST_BOUNDS.length + 1, items: AMOUNT }
        }
      }
    },
    inFlight: AMOUNT,
    connections: AMOUNT,
    shed: AMOUNT,
    closedAtDeadline: AMOUNT,
    node: {
      type: 'array',
      maxItems: 100,
      items: {
        type: 'object',
        required: ['name', 'help', 'type', 'values'],
        properties: {
          name: NAME,
          help: { type: 'string', maxLength: 500 },
          type: { enum: ['counter', 'gauge', 'histogram'] },
          values: {
            type: 'array',
            maxItems: 200,
            items: {
              type: 'object',
              required: ['value', 'labels'],
              properties: {
                value: { type: 'number' },
                metricName: NAME,
                labels: {
                  type: 'object',
                  maxProperties: 8,
                  propertyNames: { pattern: '^(?!(process|slot)$)[a-z_]{1,40}$' },
                  additionalProperties: { type: ['string', 'number'], maxLength: 200 }
                }
              }
            }
          }
        }
      }
    }
  }
}

/** Whether what a worker sent as its measurements can be used: it may come from the application, or from another release. */
export function areMeasurements (received: unknown): received is Measurements {
  validate ??= new Ajv({ allowUnionTypes: true }).compile<Measurements>(SCHEMA)
  return validate(received)
}

/** Compiled when it is first needed: that takes a while, and most instances serve no metrics. */
let validate: ValidateFunction<Measurements> | undefined
