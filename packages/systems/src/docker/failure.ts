import { OutsideError, UserError } from '@headgate/core'
import type { Answer, Docker } from './command.ts'

/** What Docker and Podman say when nobody answers, in all of their versions from 20.10 and 4.3. */
const unreachable =
  /cannot connect to (the docker daemon|podman)|error during connect|is the docker daemon running|connection (refused|reset)|unexpected EOF|use of closed network connection|error reading from server|i\/o timeout|TLS handshake timeout|no such host|context deadline exceeded/i

interface Known {
  readonly says: RegExp
  readonly fix: string
}

/** What only the user can mend, by what the command says of it. The first that fits holds. */
const mistakes: readonly Known[] = [
  {
    says: /permission denied.*(daemon socket|docker\.sock|podman\.sock)/is,
    fix: 'Add the user of this job to the group `docker` (`usermod -aG docker USER`, then log in anew), or use Podman, which needs no daemon: `docker: {command: podman}`.',
  },
  {
    says: /unable to resolve docker endpoint|context ".*" (does not exist|not found)|unable to parse docker host/is,
    fix: 'Set DOCKER_HOST or DOCKER_CONTEXT to a daemon that there is.',
  },
  {
    says: /could not select device driver|nvidia-container|unresolvable CDI devices|failed to (inject|discover).*device/is,
    fix: 'Install the NVIDIA Container Toolkit on the machine of the daemon, or leave out `docker: {gpus}`.',
  },
  {
    says: /bind source path does not exist|statfs .*: no such file/is,
    fix: 'Name folders that are on the machine of the engine by `docker: {mounts}`; it must see those of the data as well.',
  },
  {
    says: /executable file not found|exec format error|: no such file or directory: unknown|stat .*: no such file or directory/is,
    fix: 'Name a program that is in the image by `run`, or use an image that has it.',
  },
  {
    says: /permission denied: unknown/is,
    fix: 'Let `run` begin with a program that may be executed in the image, such as `python train.py`.',
  },
  { says: /minimum memory limit/is, fix: 'Raise `memory`.' },
  {
    says: /network .* not found|unable to find network/is,
    fix: 'Name a network that is there by `docker: {network}`.',
  },
  {
    says: /unable to find user|no matching entries in passwd|invalid user/is,
    fix: 'Name a user of the image, or a `uid:gid`, by `docker: {user}`.',
  },
  { says: /no space left on device/is, fix: 'Make room where the daemon keeps its data: `docker system prune`.' },
]

/** Whether it failed since nobody answered. */
export function isUnreachable(said: string): boolean {
  return unreachable.test(said) && !mistakes.slice(0, 2).some(({ says }) => says.test(said))
}

/** Why a command failed, and what to do: `UserError` where it is known to be the user’s to mend. */
export function failureOf(
  { command, environment }: Docker,
  words: readonly string[],
  { stderr, exitCode }: Answer,
): UserError | OutsideError {
  const said = shorten(stderr) || `it ended with exit code ${exitCode}, and said nothing.`
  const tried = `\`${command} ${words[0]}\` was tried.`
  if (isUnreachable(stderr)) {
    const host = environment.DOCKER_HOST ?? environment.CONTAINER_HOST
    const where = host === undefined ? '' : ` DOCKER_HOST is ${withoutUser(host)}.`
    const next = 'Start the daemon (`systemctl start docker`), or set DOCKER_HOST to one that runs.'
    return new OutsideError({ tried, state: `${said}${where}`, next })
  }
  const known = mistakes.find(({ says }) => says.test(stderr))
  if (known) return new UserError({ what: `${command} says: ${said}`, fix: known.fix })
  return new OutsideError({ tried, state: said, next: `Mend what ${command} says, and run it again.` })
}

/** Why an image cannot be had. Registries say the same of an image that is absent and of one that may not be read. */
export function imageFailure(docker: Docker, image: string, answer: Answer): UserError | OutsideError {
  const said = shorten(answer.stderr)
  if (/invalid reference format|repository name .* must be/i.test(answer.stderr))
    return new UserError({
      what: `\`docker: image\`: ${image} is no image’s name: ${said}`,
      fix: 'Write it as `registry/name:tag`.',
    })
  if (/cannot connect to (the docker daemon|podman)|permission denied/i.test(answer.stderr))
    return failureOf(docker, ['pull'], answer)
  if (/not found|manifest unknown|denied|unauthorized|does not exist|no basic auth|short-name/i.test(answer.stderr))
    return new UserError({
      what: `the image ${image} is not here, and cannot be pulled: ${said}`,
      fix: `Correct \`docker: image\`, or log in before this step: \`${docker.command} login\`.`,
    })
  return new OutsideError({
    tried: `\`${docker.command} pull ${image}\` was tried, since the image is not here.`,
    state: said,
    next: 'Make sure that its registry can be reached from the daemon, or pull the image before this step.',
  })
}

const shownLength = 1000

/** The last of what was said, in one piece. */
function shorten(text: string): string {
  const lines = text
    .split('\n')
    .filter((line) => line.trim() !== '' && !/^Error: failed to start containers/.test(line))
  const joined = lines.slice(-5).join(' ').replaceAll('Error response from daemon: ', '')
  const whole = /[.?!]$/.test(joined) || joined === '' ? joined : `${joined}.`
  return whole.length > shownLength ? `…${whole.slice(-shownLength)}` : whole
}

function withoutUser(host: string): string {
  return host.replace(/\/\/[^/@]*@/, '//')
}
