// node run.cjs FOLDER FLOW [ARGUMENT ...]: run a compiled flow and print what it saw as JSON.
const [folder, flow, ...given] = process.argv.slice(2);
require(`${folder}/out/${flow}.js`)[flow](...given).then((seen) => console.log(JSON.stringify(seen)));
