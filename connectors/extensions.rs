//! Names of files that are worth fetching.

/// Extensions that the parsers know, lower case, sorted, without the dot. Other files are reported by name; files without one count
/// as text. A test of the whole house compares the list with the parsers' own.
#[rustfmt::skip]
pub const EXTENSIONS: &[&str] = &[
    "adoc", "asciidoc", "bash", "bat", "bib", "c", "cc", "cfg", "clj", "cmake", "conf", "cpp", "cs", "css", "csv",
    "cxx", "dart", "doc", "docm", "docx", "dot", "dotx", "eml", "epub", "erl", "ex", "exs", "fs", "geojson", "go",
    "gradle", "graphql", "groovy", "gz", "h", "hcl", "hpp", "hs", "htm", "html", "ics", "ini", "ipynb", "java", "jl",
    "js", "json", "jsonl", "jsx", "kt", "kts", "less", "log", "lua", "m", "markdown", "mbox", "md", "mdown", "mdx",
    "mjs", "mkd", "ml", "msg", "ndjson", "nix", "odp", "ods", "odt", "org", "ott", "p7s", "pdf", "php", "pl", "potx",
    "pps", "ppsx", "ppt", "pptm", "pptx", "properties", "proto", "ps1", "py", "pyi", "r", "rb", "rs", "rst", "rtf",
    "sass", "scala", "scss", "sh", "sql", "srt", "svelte", "swift", "tab", "tar", "tex", "text", "tf", "tgz", "toml",
    "ts", "tsv", "tsx", "txt", "vb", "vcf", "vtt", "vue", "xhtml", "xls", "xlsb", "xlsm", "xlsx", "xltx", "xml",
    "xsd", "xsl", "yaml", "yml", "zig", "zip",
];
