# frozen_string_literal: true

require "tmpdir"
require_relative "../../../rakelib/lint/import_order"

RSpec.describe ImportOrder do
  def breaches(files)
    Dir.mktmpdir do |root|
      files.each do |name, text|
        FileUtils.mkdir_p(File.dirname("#{root}/#{name}"))
        File.write("#{root}/#{name}", text)
      end
      described_class.new(root).breaches
    end
  end

  let(:table) { { "lib.rs" => "//! | [`net::a`](A), `net::b` | network |\n//! | `http::c` | messages |\n" } }

  it "accepts the engine as it is" do
    expect(described_class.new(File.expand_path("../../../crates/engine/src", __dir__)).breaches).to eq([])
  end

  it "names the file, the line and the import of a breach" do
    files = { "net/a.rs" => "use crate::net::b::B;\nuse crate::http::c;\n", "net/b.rs" => "use std::io;\n",
              "http/c.rs" => "//! A comment.\nuse crate::net::b::B;\n" }
    expect(breaches(table.merge(files))).to eq(["http/c.rs:2: imports net::b, which stands above it in lib.rs"])
  end

  it "finds a breach within braces, in a path in the code, and in a file within a module" do
    files = { "net/b.rs" => "use crate::net::{a, b};\n", "http/c.rs" => "fn f() { crate::net::a::g() }\n",
              "http/c/d.rs" => "use crate::net::b::B;\n" }
    places = breaches(table.merge(files)).map { |line| line[/\A\S+/] }
    expect(places).to eq(["http/c.rs:1:", "http/c/d.rs:1:", "net/b.rs:1:"])
  end

  it "leaves comments and tests out" do
    text = "// crate::net::a\n/// See [`crate::net::a`].\n#[cfg(test)]\nmod tests {\n    use crate::net::a;\n}\n"
    expect(breaches(table.merge("http/c.rs" => text))).to eq([])
  end

  it "asks for a row in the table for each module" do
    expect(breaches(table.merge("new.rs" => ""))).to eq(["new.rs: this module is missing from the table in lib.rs"])
  end
end
