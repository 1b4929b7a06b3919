/*
 * Runs a command and says what it cost, from the kernel's own account of it and of the children it
 * waited for.
 *
 *   measure FILE COMMAND [ARGUMENT]...
 *
 * FILE gets one JSON object. The command is killed when this process is, gets the signals that this
 * one gets, and its exit status is this one's. Small, because the kernel counts the peak memory of
 * whoever starts a process as the process's own; Node would be the peak of every command.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static pid_t command;

static void pass_on(int number) { kill(command, number); }

static double seconds(clockid_t clock) {
  struct timespec now;
  clock_gettime(clock, &now);
  return now.tv_sec + now.tv_nsec / 1e9;
}

static double seconds_of(struct timeval time) { return time.tv_sec + time.tv_usec / 1e6; }

int main(int argc, char** argv) {
  if (argc < 3) {
    fprintf(stderr, "usage: measure FILE COMMAND [ARGUMENT]...\n");
    return 2;
  }
  const int passed_on[] = {SIGINT, SIGTERM, SIGUSR2};
  sigset_t blocked, before;
  sigemptyset(&blocked);
  for (size_t i = 0; i < sizeof passed_on / sizeof *passed_on; i++)
    sigaddset(&blocked, passed_on[i]);
  sigprocmask(SIG_BLOCK, &blocked, &before);

  const double started_at = seconds(CLOCK_REALTIME);
  const double began = seconds(CLOCK_MONOTONIC);
  command = fork();
  if (command < 0) {
    perror("measure: fork");
    return 1;
  }
  if (command == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    sigprocmask(SIG_SETMASK, &before, NULL);
    execvp(argv[2], argv + 2);
    perror(argv[2]);
    _exit(127);
  }
  /* Only what the command waits for is to be in the account, and only the command is to use
   * standard output. */
  close(STDIN_FILENO);
  close(STDOUT_FILENO);
  for (size_t i = 0; i < sizeof passed_on / sizeof *passed_on; i++) {
    const struct sigaction action = {.sa_handler = pass_on, .sa_flags = SA_RESTART};
    sigaction(passed_on[i], &action, NULL);
  }
  sigprocmask(SIG_SETMASK, &before, NULL);

  int status;
  struct rusage usage;
  if (wait4(command, &status, 0, &usage) < 0) {
    perror("measure: wait4");
    return 1;
  }
  FILE* file = fopen(argv[1], "w");
  if (!file) {
    perror(argv[1]);
    return 1;
  }
  fprintf(file,
          "{\"startedAt\":%.6f,\"wallSeconds\":%.6f,\"userSeconds\":%.6f,\"systemSeconds\":%.6f,"
          "\"peakKib\":%ld,\"voluntarySwitches\":%ld,\"involuntarySwitches\":%ld}\n",
          started_at, seconds(CLOCK_MONOTONIC) - began, seconds_of(usage.ru_utime),
          seconds_of(usage.ru_stime), usage.ru_maxrss, usage.ru_nvcsw, usage.ru_nivcsw);
  fclose(file);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
