/* approved.c - the hash of a plan, told and compared.
 * SPDX-License-Identifier: MIT */
#include "iac/approved.h"

#include "io/digest.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NAME_SIZE = 512, PATH_SIZE = WORK_PATH_MAX + 64 };

/* "sha256:..." of "RUN STACK/ENVIRONMENT HASH-OF-THE-FILE". */
static bool hash(const struct job *job, char to[IAC_DIGEST_SIZE], struct err *err)
{
    char of_file[DIGEST_SHA256_HEX_SIZE];
    char name[NAME_SIZE];
    struct stat status;
    int fd = work_read(&job->work, APPROVED_PLAN, err);

    if (fd < 0)
        return false;
    void *bytes = MAP_FAILED;
    if (fstat(fd, &status) == 0 && status.st_size > 0)
        bytes = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    (void)close(fd);
    if (bytes == MAP_FAILED)
        return err_set(err, ERR_IO, "the plan cannot be read");
    digest_sha256_hex(bytes, (size_t)status.st_size, of_file);
    (void)munmap(bytes, (size_t)status.st_size);
    (void)snprintf(name, sizeof(name), "%.130s %.64s/%.64s %s", job->run, job->stack, job->environment,
                   of_file);
    (void)snprintf(to, IAC_DIGEST_SIZE, "sha256:");
    digest_sha256_hex(name, strlen(name), to + strlen(to));
    return true;
}

enum iac_exit approved_tell(const struct job *job)
{
    char digest[IAC_DIGEST_SIZE];
    char path[PATH_SIZE];
    struct err err = {0};

    if (!hash(job, digest, &err))
        return job_complain(job, &err);
    (void)snprintf(path, sizeof(path), "%s/" APPROVED_JSON, job->work.run_path);
    job_tell(job, IAC_OUTPUT_PLAN, digest);
    job_tell(job, IAC_OUTPUT_PLAN_FILE, path);
    (void)printf("plan %s\n", digest);
    return IAC_EXIT_DONE;
}

enum iac_exit approved_check(const struct job *job)
{
    char digest[IAC_DIGEST_SIZE];
    struct err err = {0};

    if (!hash(job, digest, &err)) {
        (void)job_complain(job, &err);
        return IAC_EXIT_OTHER_PLAN;
    }
    if (digest_equal_text(digest, job->approved))
        return IAC_EXIT_DONE;
    (void)fprintf(stderr, "verdict-iac: approved is plan '%s', and here is plan %s\n", job->approved, digest);
    return IAC_EXIT_OTHER_PLAN;
}
