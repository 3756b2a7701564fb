"""What a container adds to a step of Slurm's."""
import figures


def steps(tool, bundle, rounds, tasks):
    step = ["srun", "-Q", f"-n{tasks}", "--overcommit"]
    commands = {"berth": [*step, f"--container={bundle}", "true"], "plain": [*step, "true"]}
    title = f"srun -n{tasks}"
    result = figures.summary(figures.in_turn(tool, commands, rounds))
    figures.show(title, result)
    more = result["berth"]["ms"] - result["plain"]["ms"]
    result["more_ms"] = {"step": more, "task": more / tasks}
    print(f"  {more:.1f} ms more, for each task {more / tasks:.2f} ms")
    return {title: result}
