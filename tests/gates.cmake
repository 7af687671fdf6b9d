# gates.cmake - ctest entries that are not C programs: architecture, coverage, and the pytest files of tests/e2e.
# SPDX-License-Identifier: MIT

set(PYTHON /usr/bin/python3) # Debian's own: the packages of tests/packages.txt belong to it

# gate NAME SECONDS COMMAND...: the label is the folder of NAME.
function(gate name seconds)
  get_filename_component(label ${name} DIRECTORY)
  add_test(NAME ${name} COMMAND ${ARGN} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  set_tests_properties(${name} PROPERTIES TIMEOUT ${seconds} LABELS ${label}
    SKIP_RETURN_CODE 77 ENVIRONMENT "BUILD_DIR=${CMAKE_BINARY_DIR};PYTHONDONTWRITEBYTECODE=1")
endfunction()

# What is read from objects and archives holds for the release build alone.
if(CMAKE_BUILD_TYPE STREQUAL Release AND NOT SANITIZE)
  foreach(check includes sizes banned text globals purity)
    gate(architecture/${check} 60 ${PYTHON} tests/architecture/check --build ${CMAKE_BINARY_DIR} ${check})
  endforeach()
  gate(architecture/selftest 120 ${PYTHON} tests/architecture/selftest)

  # Build and run the tests of the cores and the units once more, so each may use two processors, all but a half.
  file(GLOB engine CONFIGURE_DEPENDS src/engine/*.c)
  if(engine)
    gate(coverage/cores 900 tests/coverage)
    gate(coverage/parsers 900 tests/coverage parsers)
    set_tests_properties(coverage/cores coverage/parsers PROPERTIES PROCESSORS 3 COST 900 RESOURCE_LOCK build-coverage)
  endif()
endif()

file(GLOB files CONFIGURE_DEPENDS tests/e2e/test_*.py)
foreach(file ${files})
  get_filename_component(name ${file} NAME_WE)
  if(name STREQUAL test_kill_points) # two minutes each, beside each other
    foreach(end good bad)
      gate(e2e/${name}_${end} 600 ${PYTHON} -m pytest -q -rs -p no:cacheprovider -k ${end} ${file})
    endforeach()
  else()
    gate(e2e/${name} 600 ${PYTHON} -m pytest -q -rs -p no:cacheprovider ${file})
  endif()
endforeach()
# The long ones first.
foreach(name test_faults_sources test_traffic test_kill_points_good test_kill_points_bad test_weights test_runs test_world)
  set_tests_properties(e2e/${name} PROPERTIES COST 300)
endforeach()

gate(architecture/faults 60 ${PYTHON} tests/architecture/faults)
gate(architecture/readers 60 ${PYTHON} tests/architecture/readers)
gate(integration/shipped_files 60 tests/integration/shipped_files)
