# frozen_string_literal: true

require "tmpdir"

RSpec.describe "bin/support/packages.sh" do
  def libclang?(file)
    packages = File.expand_path("../../../bin/support/packages.sh", __dir__)
    system("bash", "-c", '. "$1"; is_libclang "$2"', "bash", packages, file)
  end

  around { |example| Dir.mktmpdir { |dir| @dir = dir and example.run } }

  def file(name) = File.join(@dir, name).tap { |path| File.write(path, "") }

  it "recognises libclang under each of its names" do
    expect(%w[libclang.so libclang-14.so libclang.so.1 libclang-14.so.14.0.6].reject { |name| libclang?(file(name)) })
      .to eq([])
  end

  it "does not mistake the C++ half for libclang, which LLVM's tools install alone" do
    expect(%w[libclang-cpp.so.14 libclang-cpp.so].select { |name| libclang?(file(name)) }).to eq([])
  end

  it "does not find what is not there" do
    expect(libclang?(File.join(@dir, "libclang.so"))).to be(false)
  end
end
