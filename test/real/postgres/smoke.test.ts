import { afterAll, beforeAll, expect, test } from 'vitest'
import { describeSystem } from '../describe-system.ts'
import { type Postgres, prepare, start } from './start.ts'

describeSystem('postgres', await prepare(), () => {
  let postgres: Postgres

  beforeAll(async () => {
    postgres = await start()
  })
  afterAll(() => postgres?.stop())

  test('what was inserted is selected, also after the server was killed', async () => {
    await postgres.psql("create table cities (id int, name text); insert into cities values (1, 'Zürich'), (2, null)")
    await postgres.server.kill()
    await expect(postgres.psql('select 1')).rejects.toThrow('Connection refused')
    await postgres.server.start()
    expect(await postgres.psql('select id, name from cities order by id')).toBe('1|Zürich\n2|')
  })

  test('nobody comes in without the password', async () => {
    const { address, password } = postgres
    expect(address).toContain(`:${password}@127.0.0.1:`)
    await expect(postgres.psql(`\\c "${address.replace(password, 'wrong')}"`)).rejects.toThrow(
      'password authentication failed',
    )
  })
})
