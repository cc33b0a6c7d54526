import { keeper, output, packed, root, timeoutCode, uncollectedCode, workTree } from './names.ts'

// What runs in the containers, in the shell of POSIX. Containers of a pod share files and nothing else: that the
// trainer has ended, however it ended, its keeper learns from a named pipe that only the trainer holds open.

const alive = `${root}/alive`
const timedOut = `${root}/timed-out`

/** Unpacks the code. An output folder on a volume may hold what an attempt on a lost node left. */
export const prepareScript = `set -e
mkdir -p ${workTree} ${output}
rm -rf ${output}/* ${output}/.[!.]* ${output}/..?*
cat ${packed}/part-* | gzip -dc | tar -xf - -C ${root} -o
[ -p ${alive} ] || mkfifo ${alive}
`

/**
 * Runs its arguments but the first two: the time that the command has, in seconds (0: any), and the container that
 * waits for its end (`-`: none). Tells the peak of memory, and whether time was up, as the container’s last message.
 */
export const trainScript = `limit=$1
[ "$2" != ${keeper} ] || exec 9>${alive}
shift 2
cd ${workTree}
"$@" 2>&1 9>&- &
child=$!
trap 'kill -TERM $child 2>/dev/null' TERM INT
[ "$limit" = 0 ] || {
  sleep "$limit"
  : >${timedOut}
  kill -TERM $child
  sleep 5
  kill -KILL $child
} 9>&- >/dev/null 2>&1 &
code=0
wait $child || code=$?
while kill -0 $child 2>/dev/null; do
  code=0
  wait $child || code=$?
done
peak=null
for file in /sys/fs/cgroup/memory.peak /sys/fs/cgroup/memory/memory.max_usage_in_bytes; do
  [ ! -r $file ] || peak=$(cat $file)
done
[ ! -e ${timedOut} ] || code=${timeoutCode}
printf '{"peakMemoryBytes":%s,"code":%s}' "$peak" $code >/dev/termination-log 2>/dev/null
exit $code
`

/** Waits for the trainer’s end, and then, where it left something, for so many seconds until it is collected. */
export const keepScript = `trap 'exit 0' TERM INT
cat ${alive} >/dev/null &
wait $!
[ -n "$(ls -A ${output})" ] || exit 0
sleep "$1" &
wait $!
exit ${uncollectedCode}
`
