/* test_compare_kinds.c - verdict compare: the tests beside mann_whitney, scorecard and sequential.
 * SPDX-License-Identifier: MIT */
#include "support/questions.h"

static void test_means_and_shares(void **state)
{
    static const struct question questions[] = {
        {"{\"test\":\"mean_difference\",\"control\":[10,11,10,11,10,11,10,11,10,11,10,11],\"experiment\":"
         "[20,21,22,20,21,22,20,21,22,20,21,22]}",
         {"\"verdict\":\"fail\"", "\"first_crossing\":9", "\"n\":{\"control\":12,\"experiment\":12}"}},
        {"{\"test\":\"mean_difference\",\"control\":[10,11,10,11,10,11,10,11,10,11,10,11],\"experiment\":"
         "[5,6,7,5,6,7,5,6,7,5,6,null],\"direction\":\"decrease\"}",
         {"\"verdict\":\"fail\"", "\"n\":{\"control\":11,\"experiment\":11}"}},
        {"{\"test\":\"mean_difference\",\"control\":[10,11,10,11,10,11,10,11,10,11,10,11],\"experiment\":"
         "[10,11,10,11,10,11,10,11,10,11,10,11]}",
         {"\"verdict\":\"pass\"", "\"estimate\":0"}},
        {"{\"test\":\"mean_difference\",\"control\":[1],\"experiment\":[2]}",
         {"\"verdict\":\"inconclusive\"", "1 pairs are fewer than burn_in, 10", "\"interval\":[null,null]"}},
        {"{\"test\":\"mean_difference\",\"control\":[],\"experiment\":[]}", {"\"estimate\":null"}},
        {"{\"test\":\"mean_difference\",\"control\":[1],\"experiment\":[]}", {"they come in pairs"}},
        {"{\"test\":\"mean_difference\",\"control\":[1],\"experiment\":[1],\"burn_in\":1}",
         {"\"at\":\"#/burn_in\""}},
        {"{\"test\":\"objective\",\"experiment\":{\"events\":40,\"total\":10000},\"objective\":0.001}",
         {"\"verdict\":\"fail\"", "\"bound\":0.0015", "\"estimate\":0.004"}},
        {"{\"test\":\"objective\",\"experiment\":[{\"events\":1,\"total\":1000}],\"history\":{\"events\":10,"
         "\"total\":10000}}",
         {"\"verdict\":\"pass\""}},
        {"{\"test\":\"objective\",\"experiment\":[],\"objective\":0.01}", {"\"verdict\":\"inconclusive\""}},
        {"{\"test\":\"objective\",\"experiment\":[],\"history\":[]}",
         {"\"at\":\"#/history\"", "has no requests"}},
        {"{\"test\":\"objective\",\"experiment\":[],\"history\":5}", {"\"at\":\"#/history\""}},
        {"{\"test\":\"objective\",\"experiment\":[]}", {"give either objective (a ratio) or history"}},
        {"{\"test\":\"objective\",\"experiment\":[],\"objective\":0}", {"\"at\":\"#/objective\""}},
        {"{\"test\":\"traffic_share\",\"control\":[950,940],\"experiment\":[50,60],\"share\":0.05}",
         {"\"verdict\":\"pass\"", "\"estimate\":0.055"}},
        {"{\"test\":\"traffic_share\",\"control\":[1000,1000],\"experiment\":[0,0],\"share\":0.05}",
         {"\"verdict\":\"inconclusive\"", "\"first_crossing\":0"}},
        {"{\"test\":\"traffic_share\",\"control\":[],\"experiment\":[],\"share\":0.05}",
         {"\"verdict\":\"inconclusive\"", "\"estimate\":null"}},
        {"{\"test\":\"traffic_share\",\"control\":[1],\"experiment\":[1]}", {"\"at\":\"#/share\""}},
        {"{\"test\":\"traffic_share\",\"control\":[1],\"experiment\":[1],\"share\":1}",
         {"\"at\":\"#/share\""}},
        {"{\"test\":\"traffic_share\",\"control\":[1],\"experiment\":[],\"share\":0.5}",
         {"has 0 steps, the other side has 1"}},
        {"{\"test\":\"traffic_share\",\"control\":[-1],\"experiment\":[1],\"share\":0.5}",
         {"\"at\":\"#/control\""}},
        {"{\"test\":\"traffic_share\",\"control\":[1],\"experiment\":[-1],\"share\":0.5}",
         {"\"at\":\"#/experiment\""}},
    };

    (void)state;
    ask(questions, ARRAY_LENGTH(questions));
}

static void test_histograms(void **state)
{
    static const struct question questions[] = {
        {"{\"test\":\"latency_tail\",\"bounds\":[0.1,1],\"control\":[[900,90,10],[900,90,10],[900,90,10],"
         "[900,90,10],[900,90,10]],\"experiment\":[[50,40,10],[10,40,50],[10,40,50],[10,40,50],[10,40,50]]}",
         {"\"verdict\":\"fail\"", "\"bounds\":[{\"bound\":0.1,", "\"control_above\":0.1"}},
        {"{\"test\":\"latency_tail\",\"bounds\":[0.1,1],\"bound\":1,\"control\":[[900,90,10]],\"experiment\":"
         "[[90,9,1]]}",
         {"\"verdict\":\"pass\"", "\"estimate\":1", "\"bounds\":[{\"bound\":1,"}},
        {"{\"test\":\"latency_tail\",\"bounds\":[0.1,1],\"control\":[],\"experiment\":[]}",
         {"\"at\":\"#/bounds\""}},
        {"{\"test\":\"latency_tail\",\"bounds\":[1],\"control\":[],\"experiment\":[]}",
         {"\"verdict\":\"inconclusive\""}},
        {"{\"test\":\"latency_tail\",\"bounds\":[1],\"control\":[[9,1]],\"experiment\":[[9,1]]}",
         {"\"verdict\":\"inconclusive\"", "no judged block"}},
        {"{\"test\":\"latency_tail\",\"bounds\":[2,1],\"control\":[[1,1,1]],\"experiment\":[[1,1,1]]}",
         {"do not ascend at 1"}},
        {"{\"test\":\"latency_tail\",\"bounds\":[1,2],\"bound\":3,\"control\":[[1,1,1]],\"experiment\":"
         "[[1,1,1]]}",
         {"\"at\":\"#/bound\"", "3 is none of the bounds"}},
        {"{\"test\":\"latency_tail\",\"bounds\":[1],\"control\":[[1,1,1]],\"experiment\":[[1,1]]}",
         {"\"at\":\"#/experiment/0\"", "has fewer buckets"}},
        {"{\"test\":\"distribution\",\"control\":[[1,1]],\"experiment\":[[1,1,1]]}",
         {"\"at\":\"#/experiment/0/2\"", "is more than the first"}},
        {"{\"test\":\"distribution\",\"control\":[[1,1],5],\"experiment\":[]}", {"\"at\":\"#/control/1\""}},
        {"{\"test\":\"distribution\",\"control\":[[1,-1]],\"experiment\":[]}", {"\"at\":\"#/control/0/1\""}},
        {"{\"test\":\"distribution\",\"control\":[[1,\"\"]],\"experiment\":[]}",
         {"\"at\":\"#/control/0/1\""}},
        {"{\"test\":\"distribution\",\"control\":[[1]],\"experiment\":[]}", {"takes blocks of 2 to 32"}},
        {"{\"test\":\"distribution\",\"control\":[[1,1]],\"experiment\":[]}",
         {"has 0 blocks, the other side has 1"}},
        {"{\"test\":\"distribution\",\"control\":[],\"experiment\":[]}", {"\"verdict\":\"inconclusive\""}},
        {"{\"test\":\"distribution\",\"control\":5,\"experiment\":[]}", {"\"at\":\"#/control\""}},
        {"{\"test\":\"distribution\",\"control\":[[90,10],[90,10],[90,10]],\"experiment\":[[10,90],[10,90],"
         "[10,90]]}",
         {"\"verdict\":\"warning\"", "\"first_crossing\":1"}},
        {"{\"test\":\"distribution\",\"control\":[[90,10],[90,10]],\"experiment\":[[9,1],[9,1]]}",
         {"\"verdict\":\"pass\""}},
    };

    (void)state;
    ask(questions, ARRAY_LENGTH(questions));
}

static void test_thresholds(void **state)
{
    static const struct question questions[] = {
        {"{\"test\":\"threshold\",\"when\":\"value > 5%\",\"samples\":[0.01,0.02,0.06,0.01]}",
         {"\"phase\":\"failed\"", "\"measurements\":[\"successful\",\"successful\",\"failed\"]"}},
        {"{\"test\":\"threshold\",\"when\":\"value > 5%\",\"samples\":[0.01,0.06,0.01],\"limits\":"
         "{\"failure_limit\":1}}",
         {"\"phase\":\"successful\""}},
        {"{\"test\":\"threshold\",\"when\":\"value > 5\",\"samples\":[9,9,1,9,9,9],\"limits\":"
         "{\"failure_limit\":-1,\"consecutive_failure_limit\":2}}",
         {"\"phase\":\"failed\"", "\"failed\":5"}},
        {"{\"test\":\"threshold\",\"when\":\"value > 5\",\"samples\":[1,null]}",
         {"\"phase\":\"inconclusive\""}},
        {"{\"test\":\"threshold\",\"when\":\"value > 5\",\"samples\":[1,\"NaN\"],\"limits\":"
         "{\"inconclusive_limit\":1}}",
         {"\"phase\":\"successful\"", "[\"successful\",\"inconclusive\"]"}},
        {"{\"test\":\"threshold\",\"when\":\"value > 5\",\"samples\":[{\"error\":\"refused\"},1],\"limits\":"
         "{\"consecutive_error_limit\":0}}",
         {"\"phase\":\"error\"", "[\"error\"]"}},
        {"{\"test\":\"threshold\",\"when\":\"value > 5\",\"samples\":[1,1],\"limits\":{\"count\":3}}",
         {"\"phase\":\"running\""}},
        {"{\"test\":\"threshold\",\"when\":\"value > 5\",\"samples\":[1,1],\"limits\":"
         "{\"consecutive_success_limit\":2,\"count\":9}}",
         {"\"phase\":\"successful\""}},
        {"{\"test\":\"threshold\",\"when\":\"value > 5 for 2s\",\"samples\":[1,9,9,9,1]}",
         {"\"phase\":\"inconclusive\"", "[\"successful\",\"inconclusive\"]"}},
        {"{\"test\":\"threshold\",\"when\":\"value > 5 for 2s\",\"samples\":[1,9,9,9,1],\"limits\":"
         "{\"inconclusive_limit\":9}}",
         {"\"phase\":\"failed\""}},
        {"{\"test\":\"threshold\",\"when\":\"value > 5\",\"samples\":[]}", {"\"phase\":\"inconclusive\""}},
        {"{\"test\":\"threshold\",\"when\":\"valeu > 5\",\"samples\":[]}", {"\"at\":\"#/when\"", "value"}},
        {"{\"test\":\"threshold\",\"samples\":[]}", {"\"at\":\"#/when\""}},
        {"{\"test\":\"threshold\",\"when\":\"value > 5\",\"samples\":[true]}", {"\"at\":\"#/samples/0\""}},
        {"{\"test\":\"threshold\",\"when\":\"value > 5\",\"samples\":5}", {"\"at\":\"#/samples\""}},
        {"{\"test\":\"threshold\",\"when\":\"value > 5\",\"samples\":[],\"limits\":5}",
         {"\"at\":\"#/limits\""}},
        {"{\"test\":\"threshold\",\"when\":\"value > 5\",\"samples\":[],\"limits\":{\"x\":1}}",
         {"\"at\":\"#/limits/x\""}},
        {"{\"test\":\"threshold\",\"when\":\"value > 5\",\"samples\":[],\"limits\":{\"failure_limit\":-1}}",
         {"\"at\":\"#/limits\"", "nothing could end it"}},
        {"{\"test\":\"threshold\",\"when\":\"value > 5\",\"samples\":[],\"limits\":{\"failure_limit\":3,"
         "\"count\":2}}",
         {"\"at\":\"#/limits/count\""}},
    };

    (void)state;
    ask(questions, ARRAY_LENGTH(questions));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_means_and_shares),
        cmocka_unit_test(test_histograms),
        cmocka_unit_test(test_thresholds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
