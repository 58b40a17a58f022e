import { picture } from './report/picture-program.ts'

process.exitCode = await picture(process.argv.slice(2), process)
