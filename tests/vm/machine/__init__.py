"""The guest: what it is given (arguments, image, shares), how it is started (qemu, boot) and how its
output and its exit status come out (relay)."""
