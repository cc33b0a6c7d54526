/** The keys of ODCS 3.1 (Bitol, `odcs-json-schema-v3.1.0.json`), where a misspelt one would lose a check. */

const element = ['id', 'name', 'physicalType', 'description', 'businessName', 'authoritativeDefinitions', 'tags']

export const contractKeys: readonly string[] = [
  ...['apiVersion', 'kind', 'id', 'name', 'version', 'status', 'tenant', 'tags', 'servers', 'dataProduct'],
  ...['description', 'domain', 'schema', 'support', 'price', 'team', 'roles', 'slaDefaultElement', 'slaProperties'],
  ...['authoritativeDefinitions', 'customProperties', 'contractCreatedTs'],
]

export const objectKeys: readonly string[] = [
  ...element,
  ...['customProperties', 'logicalType', 'physicalName', 'dataGranularityDescription', 'properties'],
  ...['relationships', 'quality'],
]

export const propertyKeys: readonly string[] = [
  ...element,
  ...['customProperties', 'primaryKey', 'primaryKeyPosition', 'logicalType', 'logicalTypeOptions', 'physicalName'],
  ...['required', 'unique', 'partitioned', 'partitionKeyPosition', 'classification', 'encryptedName'],
  ...['transformSourceObjects', 'transformLogic', 'transformDescription', 'examples', 'criticalDataElement'],
  ...['relationships', 'quality', 'properties', 'items'],
]

/** ODCS's names of the operators, and ours. `mustBeBetween` is inclusive, as its only running implementation is. */
export const operatorKeys = {
  mustBe: '=',
  mustNotBe: '!=',
  mustBeGreaterThan: '>',
  mustBeGreaterOrEqualTo: '>=',
  mustBeLessThan: '<',
  mustBeLessOrEqualTo: '<=',
  mustBeBetween: 'between',
  mustNotBeBetween: 'not between',
} as const

export const qualityKeys: readonly string[] = [
  ...['id', 'name', 'type', 'metric', 'rule', 'arguments', 'query', 'engine', 'implementation', 'unit', 'severity'],
  ...['description', 'dimension', 'method', 'businessImpact', 'schedule', 'scheduler', 'tags', 'customProperties'],
  'authoritativeDefinitions',
  ...Object.keys(operatorKeys),
]

export const metricNames = ['nullValues', 'missingValues', 'invalidValues', 'duplicateValues', 'rowCount'] as const
export type MetricName = (typeof metricNames)[number]

export const slaKeys: readonly string[] = [
  ...['id', 'property', 'value', 'valueExt', 'unit', 'element', 'driver', 'description', 'scheduler', 'schedule'],
  ...['customProperties', 'authoritativeDefinitions', 'tags'],
]

const limits = ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum']

/** The options of each logical type that can be checked. */
export const optionKeys: Readonly<Record<string, readonly string[]>> = {
  string: ['minLength', 'maxLength', 'pattern'],
  number: [...limits, 'multipleOf'],
  integer: [...limits, 'multipleOf'],
  date: limits,
  timestamp: limits,
  time: [],
  boolean: [],
  object: [],
  array: [],
}

/** Options of ODCS that say how a value is written, not which values are right. */
export const descriptiveOptions: readonly string[] = ['format', 'timezone', 'defaultTimezone']
