import { drawPicture } from './report/picture-program.ts'

process.exitCode = drawPicture(process.argv.slice(2), process)
