/* SPDX-License-Identifier: MIT */
/* `sabot-ref probe TECHNIQUE GUARANTEE [DIRECTORY]`: one cell of the matrix, measured on this machine. */
#ifndef CORE_TECHNIQUES_PROBES_PROBE_H
#define CORE_TECHNIQUES_PROBES_PROBE_H

/*
 * Does the experiment with processes of its own and prints one line of JSON on stdout:
 * {"technique","guarantee","value","evidence"}. argv[0] is "probe" (or the program), then TECHNIQUE, GUARANTEE and, if
 * given, a directory that may be written to (default: a new one under $TMPDIR or /tmp, removed again).
 * Returns 0 when a line was printed (value "unknown" included), 2 for a usage error, 3 if the probe itself broke.
 * Not thread-safe: forks, sets signal handlers, may change limits of its own process.
 */
int probe_main(int argc, char **argv);

#endif
