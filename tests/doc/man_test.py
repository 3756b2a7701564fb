#!/usr/bin/env python3
"""man_test BERTH MAN_FOLDER SCHEMA LIBEXEC: the manual pages are well-formed, berth.1 and berth-bench-cache.1 have exactly
the options that the programs have, and berth-policy.5 has every key of the policy's schema and only examples that the program takes."""
import json
import os
import re
import shlex
import subprocess
import sys
import tempfile

berth, folder, schema_file, libexec = sys.argv[1:5]
VERBS = ['launch', 'create', 'start', 'run', 'exec', 'state', 'kill', 'delete', 'list', 'spec', 'features',
         'pause', 'resume', 'checkpoint', 'restore', 'update', 'events', 'ps', 'plan', 'show', 'top',
         'gres', 'doctor', 'bench', 'reap', 'policy check']
failures = []


def page(name):
    with open(os.path.join(folder, name), encoding='utf-8') as file:
        return file.read()


def help_of(verb):
    return subprocess.run([berth, *verb.split(), '--help'], check=True, capture_output=True,
                          text=True).stdout


def check(holds, line):
    if not holds:
        failures.append(line)


def lint():
    for name in sorted(os.listdir(folder)):
        if re.search(r'\.[1-8]$', name):
            # References to manuals that this machine lacks are beside the point.
            run = subprocess.run(['mandoc', '-Tlint', '-Wwarning', os.path.join(folder, name)],
                                 capture_output=True, text=True)
            check(run.returncode == 0, run.stdout + run.stderr)


def bench_options():
    documented = set(re.findall(r'Fl -([a-z0-9][a-z0-9-]*)', page('berth-bench-cache.1')))
    help_text = subprocess.run([os.path.join(libexec, 'bench-cache'), '--help'], check=True, capture_output=True,
                               text=True).stdout
    existing = set(re.findall(r'^ +(?:-h,)?--([a-z0-9][a-z0-9-]*)', help_text, re.M)) - {'help'}
    check(existing == documented, f'berth-bench-cache.1: {sorted(existing ^ documented)} in one of page and --help')


def options():
    text = page('berth.1')
    documented = set(re.findall(r'Fl -([a-z0-9][a-z0-9-]*)', text))
    existing = set()
    for verb in ['', *VERBS]:
        check(not verb or f'.Ss {verb}\n' in text, f'berth.1: no section on {verb}')
        existing |= set(re.findall(r'(?<![\w-])--([a-z0-9][a-z0-9-]*)', help_of(verb)))
    existing |= {'help', 'version'}
    for name in sorted(existing - documented):
        failures.append(f'berth.1: --{name} is missing')
    for name in sorted(documented - existing - {'container'}):  # srun's
        failures.append(f'berth.1: berth has no --{name}')
    listed = re.search(r'^Subcommands:\n((?:  .*\n)+)', help_of(''), re.M)
    for verb in re.findall(r'^  (\S+)', listed.group(1) if listed else '', re.M):
        check(any(verb == known.split()[0] for known in VERBS), f'berth.1: verb {verb} is missing')
    check(listed is not None, 'berth --help lists no verbs')


def effective(policy, drop_in):
    with tempfile.TemporaryDirectory(prefix='berth_man_test.') as place:
        os.mkdir(os.path.join(place, 'p.d'))
        for name, text in (('p.json', policy), ('p.d/site.json', drop_in)):
            with open(os.path.join(place, name), 'w', encoding='utf-8') as file:
                file.write(text)
        run = subprocess.run([berth, 'policy', 'check', '--policy', os.path.join(place, 'p.json')],
                             capture_output=True, text=True)
        check(run.returncode == 0, 'berth-policy.5: ' + run.stderr)
        return json.loads(run.stdout) if run.returncode == 0 else {}


def keys(schema, root, prefix=''):
    """Those of objects in objects with dots; where a name of the admin's or an array is between, alone."""
    if '$ref' in schema:
        yield from keys(root['$defs'][schema['$ref'].rsplit('/', 1)[1]], root, prefix)
    for branch in schema.get('anyOf', []):
        yield from keys(branch, root)
    for key, inner in schema.get('properties', {}).items():
        found = list(keys(inner, root, f'{prefix}{key}.'))
        dotted = [name for name in found if name.startswith(f'{prefix}{key}.')]
        yield from found if dotted else [prefix + key, *found]
    for inner in (schema.get('items'), schema.get('additionalProperties')):
        if isinstance(inner, dict):
            yield from keys(inner, root)


def policy_keys():
    with open(schema_file, encoding='utf-8') as file:
        schema = json.load(file)
    lines = re.findall(r'^\.(?:It )?Li (.*)', page('berth-policy.5'), re.M)
    documented = {word for line in lines for word in re.split('[ ,]+', line)}
    for key in sorted(set(keys(schema, schema)) - documented):
        failures.append(f'berth-policy.5: {key} is missing')


def policy_examples():
    policy, drop_in = re.findall(r'^\.Bd -literal.*?\n(.*?)^\.Ed', page('berth-policy.5'), re.M | re.S)
    result = effective(policy, drop_in)
    rdt = result.get('rdt', {})
    check(rdt.get('floorWays') == 2 and len(rdt.get('rules', [])) == 3, 'berth-policy.5: first example')
    check(result.get('limits') == {}, 'berth-policy.5: second example')


def plan_examples():
    """Those that need no particular machine."""
    examples = re.findall(r'^berth (plan .*?)^\.Ed', page('berth.1'), re.M | re.S)
    said = []
    for example in examples:
        run = subprocess.run([berth, *shlex.split(example.replace('\\e\n', ''))], capture_output=True,
                             text=True)
        said.append(run.stdout + run.stderr)
        check('--machine' in example and run.returncode == 0, f'berth.1: an example of plan: {said[-1]}')
    check(len(said) == 2, 'berth.1: examples of plan are missing')
    check('ways 0xf (4) for the job' in said[0], f'berth.1: the first example of plan: {said[0]}')
    check('2. b: ' in said[-1] and 'refused' not in said[-1], f'berth.1: the example of --what-if: {said[-1]}')


lint()
options()
bench_options()
policy_keys()
plan_examples()
if os.geteuid() == 0:  # a policy must belong to root
    policy_examples()
print('\n'.join(failures))
sys.exit(1 if failures else 0)
