import { UserError } from '@headgate/core'
import type { SparkSettings } from './settings.ts'

/**
 * spark-submit says this too, after Java has started.
 * @throws UserError where YARN’s configuration is not named.
 */
export function requireYarn(
  { master }: Pick<SparkSettings, 'master'>,
  environment: Readonly<Record<string, string>>,
): void {
  if (master !== 'yarn' || environment.HADOOP_CONF_DIR || environment.YARN_CONF_DIR) return
  const what = '`spark: {master: yarn}` needs YARN’s configuration; neither HADOOP_CONF_DIR nor YARN_CONF_DIR is set.'
  throw new UserError({ what, fix: 'Set HADOOP_CONF_DIR to the folder of yarn-site.xml and core-site.xml.' })
}
