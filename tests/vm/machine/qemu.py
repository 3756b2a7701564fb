"""The command line of QEMU. It gets all it talks to as open descriptors, so a boot that is killed
leaves nothing behind and two boots at once share nothing."""
from . import places

# Without cx16=off, QEMU 7.2 now and then spoils the flags of a guest that was interrupted in
# CMPXCHG16B, and the guest dies. Ice Lake's model number: on Skylake's the kernel leaves CAT off.
CPU = ('max,vendor=GenuineIntel,family=6,model=106,stepping=6,la57=off,cx16=off,'
       'model-id=Intel(R) Xeon(R) with simulated RDT')
KERNEL_LINE = ('console=ttyS0 quiet panic=-1 mitigations=off nokaslr audit=0 apparmor=0 '
               'tsc=reliable no_timer_check random.trust_cpu=on cgroup_no_v1=all ')
PORTS = ('ctl', 'out', 'err', 'in')


def processors(options):
    per_socket = options.cores * options.threads
    words = ['-smp', f'{options.sockets * per_socket},sockets={options.sockets},'
                     f'cores={options.cores},threads={options.threads}', '-m', str(options.memory)]
    nodes = range(options.sockets)
    for n in nodes:  # virtiofs wants memory that can be shared
        first = n * per_socket
        size = options.memory // options.sockets
        words += ['-object', f'memory-backend-memfd,id=m{n},size={size}M,share=on',
                  '-numa', f'node,nodeid={n},memdev=m{n},cpus={first}-{first + per_socket - 1}']
    if options.sockets > 1:
        for a in nodes:
            for b in nodes:
                words += ['-numa', f'dist,src={a},dst={b},val={10 if a == b else 21}']
    return words


def command(options, initrd, console, monitor, ports, shares):
    words = [places.program('usr/bin/qemu-system-x86_64'),
             '-L', places.program('usr/share/qemu'), '-L', places.program('usr/share/seabios'),
             '-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot',
             '-accel', 'tcg,thread=multi',
             '-machine', 'q35,hpet=off,vmport=off,smm=off,sata=off,smbus=off', '-cpu', CPU]
    words += processors(options)
    words += ['-kernel', places.built('vmlinuz'), '-initrd', f'/proc/self/fd/{initrd}',
              '-append', KERNEL_LINE + options.append,
              '-chardev', f'file,id=console,path=/proc/self/fd/{console}',
              '-serial', 'chardev:console',
              '-chardev', f'socket,id=monitor,fd={monitor}',
              '-mon', 'chardev=monitor,mode=readline',
              '-device', f'virtio-serial-pci,max_ports={len(ports) + 1}']
    for number, (name, fd) in enumerate(ports.items(), start=1):
        words += ['-chardev', f'socket,id={name},fd={fd}',
                  '-device', f'virtserialport,chardev={name},name={name},nr={number}']
    for share in shares:
        tag = share.tag
        words += ['-chardev', f'socket,id={tag},fd={share.connection.fileno()}',
                  '-device', f'vhost-user-fs-pci,chardev={tag},tag={tag},queue-size=1024']
    return words
