using ShareRpc.Server.Search;

namespace ShareRpc.Tests.Server.Search;

public sealed class SearchWordsTests
{
    [Theory]
    [InlineData("Fold the plan, twice.", "fold plan the twice")]
    [InlineData("FoldPlan HTTPServer acked_seq v2", "acked fold foldplan http httpserver plan seq server v2")]
    [InlineData("Ünïcode Straße ÉCLAIR", "straße éclair ünïcode")]
    [InlineData("全文検索 text", "全 文 検 索 text")]
    [InlineData("سلام دنیا", "سلام دنیا")]
    [InlineData("हिन्दी", "हिन्दी")]
    [InlineData("😀 -- ...", "")]
    [InlineData("a\uD83Db \uDE00", "a b")]
    public void Text_is_divided_into_words(string text, string words)
    {
        HashSet<string> found = [];
        SearchWords.Collect(text, found, int.MaxValue);
        Assert.Equal(
            words.Split(' ', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal),
            found.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void The_words_of_a_query_are_whole_and_each_once() =>
        Assert.Equal(["foldplan", "is", "a", "plan"], SearchWords.OfQuery("FoldPlan is a plan; FOLDPLAN!"));

    [Fact]
    public void Long_runs_are_no_words_and_a_document_has_so_many_at_most()
    {
        HashSet<string> found = [];
        SearchWords.Collect($"{new string('x', 65)} one two three", found, 2);
        Assert.Equal(["one", "two"], found);
    }

    [Fact]
    public void A_word_is_found_where_it_stands()
    {
        Assert.Equal((8, 8), SearchWords.Find("see the FoldPlan here", ["plan"]));
        Assert.Equal((-1, 0), SearchWords.Find("see the FoldPlan here", ["none"]));
    }
}
