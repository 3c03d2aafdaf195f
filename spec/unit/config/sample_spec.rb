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

  it "runs as it is, and sets nothing" do
    expect(read(described_class.text)).to eq({})
  end

  it "shows each default: what is commented out can be taken in, and changes nothing" do
    names = Kino::Config::Directives::NAMES.join("|")
    given = read(described_class.text.gsub(/^# (?=(?:#{names}) )(?!\w+ [a-z]+ )/, ""))
    expect(given.keys).to eq(Kino::Config::Directives::NAMES)
    without_hooks = given.select { |name, _| Kino::Config::Directives[name].flag }
    expect(Kino::Config::Settings.from_layers(without_hooks)).to eq(Kino::Config::Settings.resolve)
  end

  it "has the documentation of each directive" do
    words = described_class.text.gsub("\n# ", " ")
    Kino::Config::Directives::ALL.each { |directive| expect(words).to include(directive.doc) }
  end

  it "keeps its lines short, and ends the last one" do
    expect(described_class.text.lines.map { |line| line.chomp.length }.max).to be <= 120
    expect(described_class.text).to end_with("}\n")
  end

  it "loses nothing of a remark, however long its words are" do
    url = "https://#{"a" * 120}"
    expect(described_class.comment("see #{url} for more")).to eq(["# see", "# #{url}", "# for more"])
  end

  it "takes what is to be set, and remarks for the top" do
    text = described_class.text(settings: { batch: ["batch 3 # so it was"] }, remarks: ["a remark"])
    expect(read(text)[:batch].value).to eq(3)
    expect(text.scan(/^(?:# )?batch \d/).size).to eq(1)
    expect(text).to match(/^# a remark$/)
  end
end
