// Stands in for a process that cannot start.
process.stderr.write('cannot start\n');
process.exit(3);
