"""As much of util-linux's Python module as crun's tests of mounts use: Debian does not build it."""


class Entry:
    def __init__(self, line):
        mount, file_system = (part.split() for part in line.split(' - '))
        self.target = mount[4]
        self.vfs_options = mount[5]
        self.fs_options = file_system[2]


class Table:
    def __init__(self, mountinfo):
        with open(mountinfo, encoding='utf-8') as file:
            self.entries = [Entry(line) for line in file if ' - ' in line]

    def find_target(self, target):
        return [entry for entry in self.entries if entry.target == target][-1]
