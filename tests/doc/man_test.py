#!/usr/bin/env python3
"""man_test BERTH MAN_FOLDER: the manual pages are well-formed, berth.1 has exactly the options that the
program has, and berth-policy.5 has every key and only examples that the program takes."""
import json
import os
import re
import shlex
import subprocess
import sys
import tempfile

berth, folder = sys.argv[1:3]
VERBS = ['launch', 'create', 'start', 'run', 'exec', 'state', 'kill', 'delete', 'list', 'spec', 'features',
         'pause', 'resume', 'update', 'events', 'ps', 'plan', 'show', 'reap', 'policy check']
ALL_KEYS = {
    'l3': {'floorWays': 2, 'missing': 'fail'},
    'cgroup': 'slurm',
    'limits': {'taskMemory': '1GiB', 'taskPids': 10, 'jobPids': 20},
    'hostNamespaces': ['ipc'],
    'binds': [{'source': '/a', 'destination': '/b', 'readonly': False, 'optional': False}],
}
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


def keys(policy):
    for key, value in policy.items():
        if isinstance(value, dict):
            yield from (f'{key}.{inner}' for inner in keys(value))
        else:
            yield key
            for item in value if isinstance(value, list) else []:
                yield from keys(item) if isinstance(item, dict) else []


def policy_keys():
    text = page('berth-policy.5')
    for key in keys(effective(json.dumps(ALL_KEYS), '{}')):
        check(f'.It Li {key}\n' in text, f'berth-policy.5: {key} is missing')
    policy, drop_in = re.findall(r'^\.Bd -literal.*?\n(.*?)^\.Ed', text, re.M | re.S)
    result = effective(policy, drop_in)
    check(result.get('l3') == {'floorWays': 2, 'missing': 'fail'}, 'berth-policy.5: first example')
    check(result.get('limits') == {}, 'berth-policy.5: second example')


def plan_example():
    """The one that needs no particular machine."""
    example = re.search(r'^berth (plan .*?)^\.Ed', page('berth.1'), re.M | re.S)
    words = shlex.split(example.group(1).replace('\\e\n', '')) if example else []
    run = subprocess.run([berth, *words], capture_output=True, text=True)
    check('--machine' in words and 'ways 0xf (4) for the job' in run.stdout,
          f'berth.1: the example of plan: {run.stdout}{run.stderr}')


lint()
options()
plan_example()
if os.geteuid() == 0:  # a policy must belong to root
    policy_keys()
print('\n'.join(failures))
sys.exit(1 if failures else 0)
