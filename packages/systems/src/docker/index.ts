export { type Docker, dockerCommands, findDocker } from './command.ts'
export {
  type Container,
  copyInto,
  copyOut,
  createContainer,
  inspectContainer,
  lastLogLine,
  listContainers,
  type Mount,
  removeContainer,
  renameContainer,
  startContainer,
  stopContainer,
} from './containers.ts'
export { askEngine, type Engine } from './engine.ts'
export { bringImage, buildImage, type Image } from './images.ts'
export { pollLog, readLog } from './logs.ts'
export { containerMemory } from './memory.ts'
