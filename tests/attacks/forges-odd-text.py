# tries: to break what is written down, with characters that no file and no database
#   takes
# must: cube 0 points; add 2 points
# ruff: noqa

# %% before cube
from bmkit.course.grade.judge import learner

run = learner.run


def odd(source, recorder):
    answer = run(source, recorder)
    if answer["failed"]:
        answer["says"] += " \ud800 \x00 \x1b[2J \u202e"
    text = {"output_type": "stream", "name": "stdout", "text": "\ud800 \x00"}
    answer["outputs"] = [*answer["outputs"], text]
    return answer


def send(channel, message):
    import json
    import struct

    data = json.dumps(message).encode()  # in ASCII: halves of characters pass
    channel.sendall(struct.pack(">I", len(data)) + data)


learner.run = odd
learner.messages.send = send


# %% cube
def cube(x):
    raise ValueError("\x00 \x1b[2J")
