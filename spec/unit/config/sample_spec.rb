# frozen_string_literal: true

require "tmpdir"
require "kino/config/file"
require "kino/config/sample"
require "kino/config/settings"

RSpec.describe Kino::Config::Sample do
  around { |example| Dir.mktmpdir { |directory| Dir.chdir(directory) { example.run } } }

  def read(text)
    File.write("kino.rb", text)
    Kino::Config::File.read("kino.rb")
  end

  it "is valid Ruby, and sets nothing" do
    expect(read(described_class.text)).to eq({})
  end

  it "shows each default as a comment, which changes nothing when uncommented" do
    names = Kino::Config::Directives::NAMES.join("|")
    given = read(described_class.text.gsub(/^# (?=(?:#{names}) )(?!\w+ [a-z]+ )/, ""))
    expect(given.keys).to eq(Kino::Config::Directives::NAMES)
    without_hooks = given.select { |name, _| Kino::Config::Directives[name].flag }
    expect(Kino::Config::Settings.from_layers(without_hooks)).to eq(Kino::Config::Settings.resolve)
  end

  it "documents each directive" do
    words = described_class.text.gsub("\n# ", " ")
    Kino::Config::Directives::ALL.each { |directive| expect(words).to include(directive.doc) }
  end

  it "keeps its lines short, and ends with a newline" do
    expect(described_class.text.lines.map { |line| line.chomp.length }.max).to be <= 120
    expect(described_class.text).to end_with("}\n")
  end

  it "wraps a remark without losing words, however long they are" do
    url = "https://#{"a" * 120}"
    expect(described_class.comment("see #{url} for more")).to eq(["# see", "# #{url}", "# for more"])
  end

  it "accepts values to set, and remarks for the top" do
    text = described_class.text(settings: { batch: ["batch 3 # so it was"] }, remarks: ["a remark"])
    expect(read(text)[:batch].value).to eq(3)
    expect(text.scan(/^(?:# )?batch \d/).size).to eq(1)
    expect(text).to match(/^# a remark$/)
  end
end
