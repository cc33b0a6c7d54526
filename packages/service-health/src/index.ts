export { type Exposition, parseExposition, type Sample } from './exposition.ts'
export { histogramQuantile } from './figures.ts'
export { type ServiceLimits, serviceLimits } from './limits.ts'
export { checkService, type ServiceRequest } from './service.ts'
