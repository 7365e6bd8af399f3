/**
 * Makes the clients under generated/ from openapi/openapi-3.0.json, the contract's form for generators.
 *
 *   node scripts/generate-clients.js [python] [go] [java] [rust]
 *
 * The settings and the files written by hand (manifest, README) are in openapi/<language>/. What is generated for
 * Python, Java and Rust becomes a part of the packages in clients/python, clients/java and clients/rust.
 * Every version is pinned; running it again changes nothing.
 */
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { has, openapiGenerator, pythonEnvironment, repository, root, run, tools, version } from './client-tools.js'

const OAPI_CODEGEN = 'github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen@v2.8.2'

const generators = {
  python: { needs: ['python3'], generate: generatePython },
  go: { needs: ['go'], generate: generateGo },
  java: { needs: ['java'], generate: generateJava },
  rust: { needs: ['cargo'], generate: generateRust }
}

const settings = (...path) => join(root, 'openapi', ...path)
const contract = settings('openapi-3.0.json')
const work = mkdtempSync(join(tmpdir(), 'signalbox-generate-'))
try {
  const chosen = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(generators)
  for (const language of chosen) {
    const { needs, generate } = generators[language] ?? {}
    if (generate === undefined) throw new Error(`expected one of ${Object.keys(generators).join(', ')}, received ${language}`)
    if (!needs.every(program => has(program, `${language} client`))) continue
    const out = join(root, 'generated', language)
    rmSync(out, { recursive: true, force: true })
    mkdirSync(out, { recursive: true })
    await generate(out)
    addPackage(language, out)
    console.log(`generated/${language}`)
  }
} finally {
  rmSync(work, { recursive: true, force: true })
}

/** The contract with its errors under these statuses instead of `default`; without statuses, for a client that raises errors before it parses them. */
function contractWithErrors (...statuses) {
  const { paths, ...rest } = JSON.parse(readFileSync(contract, 'utf8'))
  for (const operation of Object.values(paths).flatMap(path => Object.values(path))) {
    const { default: failed, ...good } = operation.responses
    operation.responses = { ...good, ...Object.fromEntries(statuses.map(status => [status, failed])) }
  }
  const file = join(work, 'contract.json')
  writeFileSync(file, JSON.stringify({ ...rest, paths }))
  return file
}

/** The manifest and README, with our version; those of Python, Java and Rust are in clients. */
function addPackage (language, out) {
  const source = settings(language, 'package')
  if (!existsSync(source)) return
  for (const name of readdirSync(source)) {
    writeFileSync(join(out, name), readFileSync(join(source, name), 'utf8').replaceAll('{{version}}', version).replaceAll('{{repository}}', repository))
  }
}

/** Applies [file, from, to] to a generator's own templates; a template that no longer has the text is an error. */
function editTemplates (folder, edits) {
  for (const [name, from, to] of edits) {
    const file = join(folder, name)
    const text = readFileSync(file, 'utf8')
    if (!text.includes(from)) throw new Error(`${name} no longer contains: ${from}`)
    writeFileSync(file, text.replaceAll(from, to))
  }
}

function generatePython (out) {
  const bin = pythonEnvironment('python-generator', settings('python', 'requirements.txt'))
  const templates = join(work, 'python-templates')
  mkdirSync(templates)
  const own = run(join(bin, 'python'), ['-c', 'import openapi_python_client as o, os; print(os.path.dirname(o.__file__))']).trim()
  for (const name of ['client', 'endpoint_macros', 'endpoint_module', 'errors', 'model', 'package_init', 'types'].map(name => `${name}.py.jinja`)) cpSync(join(own, 'templates', name), join(templates, name))
  // httpx takes `json=None` for no body at all, but null is a message like any other.
  editTemplates(templates, [
    ['endpoint_macros.py.jinja', '{% elif property.required %}\n_kwargs["json"] =', '{% elif property.required %}\n_kwargs["content"] = json.dumps('],
    ['endpoint_macros.py.jinja', 'json.dumps( {{ property.python_name }}', 'json.dumps({{ property.python_name }})'],
    ['endpoint_module.py.jinja', 'from http import HTTPStatus', 'import json\nfrom http import HTTPStatus'],
    // Anything but success is raised, so that a result is never an error.
    ['endpoint_module.py.jinja', '    return Response(\n', '    if not response.is_success:\n        raise errors.BoxError(response)\n    return Response(\n'],
    ['endpoint_module.py.jinja', 'if client.raise_on_unexpected_status:\n        raise errors.UnexpectedStatus(response.status_code, response.content)\n    else:\n        return None', 'raise errors.UnexpectedStatus(response.status_code, response.content)'],
    ['endpoint_module.py.jinja', '{% set return_type = (return_string | as_unembedded_code) + " | None" %}', '{% set return_type = return_string | as_unembedded_code %}'],
    ['endpoint_module.py.jinja', '-> {{ return_string | as_unembedded_code }} | None:', '-> {{ return_string | as_unembedded_code }}:'],
    ['types.py.jinja', 'parsed: T | None', 'parsed: T'],
    ['errors.py.jinja', '__all__ = ["UnexpectedStatus"]', readFileSync(settings('python', 'box_error.py'), 'utf8') + '\n\n__all__ = ["BoxError", "SignalboxError", "UnexpectedStatus"]'],
    ['errors.py.jinja', 'class UnexpectedStatus', 'from datetime import datetime, timezone\nfrom email.utils import parsedate_to_datetime\nfrom typing import Any\n\nimport httpx\n\nfrom .models.problem import Problem\n\n\nclass UnexpectedStatus'],
    ['endpoint_macros.py.jinja', 'errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.', 'errors.BoxError: If the server does not carry out the request; its problem says why.'],
    // The next four are for mypy: the arguments of a context manager, and a variable that would have two types if a model
    // has a property of its name.
    ['client.py.jinja', 'import ssl', 'import ssl\nfrom types import TracebackType'],
    ['client.py.jinja', 'exit__(self, *args: Any, **kwargs: Any)', 'exit__(self, exc_type: type[BaseException] | None = None, exc_value: BaseException | None = None, traceback: TracebackType | None = None)'],
    ['client.py.jinja', 'exit__(*args, **kwargs)', 'exit__(exc_type, exc_value, traceback)'],
    ['model.py.jinja', '{% set module_name = model.class_info.module_name %}', '{% set module_name = "made" %}'],
    // A read may be held for a minute. None means no timeout at all.
    ['client.py.jinja', '_timeout: httpx.Timeout | None = field(default=None, ', '_timeout: httpx.Timeout | float | None = field(default=70, '],
    ['package_init.py.jinja', 'from .client import AuthenticatedClient, Client', 'from .client import AuthenticatedClient, Client\nfrom .errors import BoxError'],
    ['package_init.py.jinja', '"AuthenticatedClient",', '"AuthenticatedClient",\n    "BoxError",']
  ])
  run(join(bin, 'openapi-python-client'), [
    'generate', '--path', contractWithErrors(), '--config', settings('python', 'config.yaml'), '--meta', 'none',
    '--custom-template-path', templates, '--output-path', join(out, 'operations'), '--overwrite', '--fail-on-warning'
  ], { env: { ...process.env, PATH: bin + delimiter + process.env.PATH } })
  rmSync(join(out, 'operations', '.ruff_cache'), { recursive: true, force: true })
}

function generateGo (out) {
  const bin = join(tools, 'go-bin')
  run('go', ['install', OAPI_CODEGEN], { env: { ...process.env, GOBIN: bin } })
  run(join(bin, 'oapi-codegen'), ['-config', settings('go', 'config.yaml'), '-o', join(out, 'signalbox.gen.go'), contract])
}

async function generateJava (out) {
  const jar = await openapiGenerator()
  const templates = join(work, 'java-templates')
  const sources = join(work, 'java')
  run('java', ['-jar', jar, 'author', 'template', '-g', 'java', '--library', 'native', '-o', templates])
  editTemplates(join(templates, 'libraries', 'native'), [
    // JSON is UTF-8, whatever the machine's own charset, which Java before 18 used.
    ['api.mustache', 'readAllBytes())', 'readAllBytes(), StandardCharsets.UTF_8)'],
    ['api.mustache', 'import java.io.InputStream;', 'import java.io.InputStream;\nimport java.nio.charset.StandardCharsets;'],
    // null is a message like any other.
    ['api.mustache', '{{#required}}\n    // verify the required parameter', '{{#required}}{{^isAnyType}}\n    // verify the required parameter'],
    ['api.mustache', '{{/required}}\n    {{/allParams}}', '{{/isAnyType}}{{/required}}\n    {{/allParams}}'],
    // A member of a message may be null; null members are left out only in the client's own types.
    ['ApiClient.mustache', 'mapper.setSerializationInclusion(JsonInclude.Include.NON_NULL);', 'mapper.setDefaultPropertyInclusion(JsonInclude.Value.construct(JsonInclude.Include.NON_NULL, JsonInclude.Include.ALWAYS));'],
    // An omitted body is no body; null would be one.
    ['api.mustache', 'HttpRequest.BodyPublishers.ofByteArray(localVarPostBody)', '{{^required}}{{paramName}} == null ? HttpRequest.BodyPublishers.noBody() : {{/required}}HttpRequest.BodyPublishers.ofByteArray(localVarPostBody)'],
    // Every error from the server is a problem; null if something else responded, such as a proxy.
    ['apiException.mustache', '    public String getResponseBody() {\n        return responseBody;\n    }', `    public String getResponseBody() {
        return responseBody;
    }

    /**
     * Get what went wrong and what to do next.
     *
     * @return The problem, or null if the response was not one (such as a proxy's) or there was none
     */
    public {{modelPackage}}.Problem getProblem() {
        if (responseBody == null) {
            return null;
        }
        try {
            return new com.fasterxml.jackson.databind.ObjectMapper()
                .configure(com.fasterxml.jackson.databind.DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES, false)
                .readValue(responseBody, {{modelPackage}}.Problem.class);
        } catch (com.fasterxml.jackson.core.JsonProcessingException e) {
            return null;
        }
    }`]
  ])
  run('java', ['-jar', jar, 'generate', '-i', contract, '-c', settings('java', 'config.yaml'), '-t', join(templates, 'libraries', 'native'), '-o', sources])
  cpSync(join(sources, 'src', 'main', 'java'), out, { recursive: true })
}

function generateRust (out) {
  const target = join(tools, 'rust-generator')
  const manifest = settings('rust', 'generator', 'Cargo.toml')
  run('cargo', ['run', '--quiet', '--locked', '--manifest-path', manifest, '--target-dir', target, '--', contractWithErrors('4XX', '5XX'), join(out, 'operations.rs')])
}
