{
  "targets": [
    {
      "target_name": "firn",
      "sources": [
        "addon.cc",
        "codec.cc",
        "entries.cc",
        "fast.cc",
        "marks.cc",
        "number.cc",
        "scan.cc",
        "sha256.cc",
        "split.cc",
        "strings.cc",
        "table.cc",
        "timestamp.cc",
        "validate.cc"
      ],
      "defines": ["NAPI_VERSION=8"],
      "cflags!": ["-fno-exceptions"],
      "cflags_cc!": ["-fno-exceptions", "-fno-rtti", "-std=gnu++17", "-std=gnu++1y"],
      "cflags_cc": ["-std=gnu++20", "-O3", "-fexceptions", "-Wall", "-Wextra", "-Wconversion"],
      "xcode_settings": {
        "GCC_ENABLE_CPP_EXCEPTIONS": "YES",
        "CLANG_CXX_LANGUAGE_STANDARD": "c++20",
        "MACOSX_DEPLOYMENT_TARGET": "13.3"
      }
    }
  ]
}
