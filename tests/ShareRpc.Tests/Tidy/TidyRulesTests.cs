namespace ShareRpc.Tests.Tidy;

/// <summary>The scanner catches what it is for: each rule against a bad sample, and against a good one that looks like it.</summary>
public sealed class TidyRulesTests
{
    private const string Path = "src/A.B/C/Sample.cs";

    [Fact]
    public void A_file_that_is_too_long_is_found()
    {
        Assert.Empty(TidyRules.CheckText(Path, Lines(TidyRules.MaxFileLines)));
        Assert.Single(TidyRules.CheckText(Path, Lines(TidyRules.MaxFileLines + 1)));
    }

    [Fact]
    public void A_line_that_is_too_long_is_found()
    {
        Assert.Empty(TidyRules.CheckText(Path, new string('a', TidyRules.MaxLineLength)));
        Assert.Contains(":2:", Assert.Single(
            TidyRules.CheckText(Path, "a\n" + new string('a', TidyRules.MaxLineLength + 1))), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("// FIX" + "ME later")]
    [InlineData("// TO" + "DO: more")]
    public void Unfinished_work_is_found(string line) => Assert.Single(TidyRules.CheckText(Path, line));

    [Fact]
    public void The_kind_named_todo_is_no_unfinished_work() => Assert.Empty(TidyRules.CheckText(Path, "const string Todo = \"todo\";"));

    [Theory]
    [InlineData("src/A/SessionManager.cs")]
    [InlineData("src/A/Utils/Text.cs")]
    [InlineData("src/A/CommonThings.cs")]
    [InlineData("src/A/helper/JsonHelper.ts")]
    public void A_file_or_folder_whose_name_says_nothing_is_found(string path) => Assert.Single(TidyRules.CheckText(path, ""));

    [Theory]
    [InlineData("class TextHelper { }")]
    [InlineData("internal static class StringUtils { }")]
    [InlineData("record struct ConnectionManager(int A);")]
    [InlineData("class Good { interface ICommon { } }")]
    public void A_type_whose_name_says_nothing_is_found(string text) => Assert.Single(TidyRules.CheckCSharp(Path, text));

    [Theory]
    [InlineData("class Commonly { Manager field; }")]
    [InlineData("// class TextHelper\nclass A { string s = \"class B_Helper\"; }")]
    public void A_name_that_only_looks_like_one_is_not(string text) => Assert.Empty(TidyRules.CheckCSharp(Path, text));

    [Theory]
    [InlineData("void M()\n{\n@\n}")]
    [InlineData("int M(string s = \"}\") =>\n@ 1;")]
    [InlineData("int M(int x) => x switch\n{\n@\n};")]
    [InlineData("public A(int x)\n    : base(new { x })\n{\n@\n}")]
    [InlineData("int P\n{\nget\n{\n@\n}\n}")]
    [InlineData(
        "void M<T>(T t)\n    where T : class\n{\n"
        + "var s = $\"{t:x} {{ {(t is { } ? \"{\" : \"}\")}\"; var r = \"\"\"}\"\"\"; char c = '}';\n@\n}")]
    public void A_member_that_is_too_long_is_found(string member)
    {
        int around = member.Split('\n').Length - 1;
        Assert.Empty(TidyRules.CheckCSharp(Path, InType(member, TidyRules.MaxMemberLines - around)));
        Assert.Single(TidyRules.CheckCSharp(Path, InType(member, TidyRules.MaxMemberLines - around + 1)));
    }

    [Fact]
    public void A_long_table_is_no_long_member() => Assert.Empty(TidyRules.CheckCSharp(Path, InType("int[] table = new[]\n{\n@\n};", 200)));

    [Fact]
    public void A_long_type_of_short_members_is_none_either()
    {
        string text = "class A\n{\n" + string.Concat(Enumerable.Range(0, 90).Select(i => $"void M{i}()\n{{\n}}\n")) + "}";
        Assert.Empty(TidyRules.CheckCSharp(Path, text));
        Assert.Equal(90, MemberScan.MembersOf(text).Count(member => !member.IsType));
    }

    [Theory]
    [InlineData("public class A { } public record B(int C);")]
    [InlineData("namespace N;\npublic enum A { X }\npublic interface B;")]
    public void Two_public_types_in_a_file_are_found(string text) => Assert.Single(TidyRules.CheckCSharp(Path, text));

    [Theory]
    [InlineData("public class A { public class B { } }")]
    [InlineData("public class A { } internal class B { }")]
    [InlineData("namespace N { public class A { } }")]
    public void One_public_type_is_fine(string text) => Assert.Empty(TidyRules.CheckCSharp(Path, text));

    [Theory]
    [InlineData("class A { void M() { var x = task.Result; } }")]
    [InlineData("class A { void M() { task.GetAwaiter().GetResult(); } }")]
    [InlineData("class A { string M() => $\"{task.Result}\"; }")]
    public void Blocking_is_found(string text) => Assert.Single(TidyRules.CheckCSharp(Path, text));

    [Theory]
    [InlineData("class A { string s = \"task.Result\"; } // task.Result")]
    [InlineData("class A { void M() { var x = Outcome.Results; message.ResultOf(1); } }")]
    public void What_only_looks_like_blocking_is_not(string text) => Assert.Empty(TidyRules.CheckCSharp(Path, text));

    [Fact]
    public void Compiling_by_condition_is_found()
    {
        Assert.Single(TidyRules.CheckDirectives(Path, "  #if DEBUG\n#endif"));
        Assert.Empty(TidyRules.CheckDirectives(Path, "#pragma warning disable X\n// #if"));
    }

    [Fact]
    public void A_namespace_that_is_not_the_folder_is_found()
    {
        Assert.Single(TidyRules.CheckNamespace(Path, "namespace A.B;"));
        Assert.Empty(TidyRules.CheckNamespace(Path, "namespace A.B.C;"));
        Assert.Empty(TidyRules.CheckNamespace(Path, "return 0;"));
    }

    [Fact]
    public void An_event_id_that_is_used_twice_or_missing_is_found()
    {
        const string Good = "[LoggerMessage(1, LogLevel.Debug, \"a\")]\n[LoggerMessage(EventId = 2, Level = LogLevel.Debug)]";
        Assert.Empty(TidyRules.CheckEventIds(Path, Good));
        Assert.Single(TidyRules.CheckEventIds(Path, Good + "\n[LoggerMessage(EventId = 1)]"));
        Assert.Single(TidyRules.CheckEventIds(Path, Good + "\n[LoggerMessage(Level = LogLevel.Debug)]"));
    }

    [Fact]
    public void A_wait_for_a_time_is_found_and_a_poll_is_not()
    {
        Assert.Single(TidyRules.CheckWaits(Path, "a();\nawait Task.Delay(100);"));
        Assert.Single(TidyRules.CheckWaits(Path, "Thread.Sleep(100);"));
        Assert.Empty(TidyRules.CheckWaits(Path, "while (!done()) await Task.Delay(20);"));
        Assert.Empty(TidyRules.CheckWaits(Path, "while (!done()\n    || x)\n    await Task.Delay(20);"));
        Assert.Empty(TidyRules.CheckWaits(Path, "// Task.Delay(100)\nstring a = \"Task.Delay(1)\";"));
    }

    [Fact]
    public void A_reference_the_wrong_way_is_found()
    {
        var allowed = new Dictionary<string, string[]> { ["A"] = ["B"], ["B"] = [] };
        Assert.Empty(TidyRules.CheckReferences("A", "<ProjectReference Include=\"../B/B.csproj\" />", allowed));
        Assert.Single(TidyRules.CheckReferences("B", "<ProjectReference Include=\"../A/A.csproj\" />", allowed));
        Assert.Single(TidyRules.CheckReferences("C", "", allowed));
    }

    private static string Lines(int count) => string.Concat(Enumerable.Repeat("a\n", count));

    private static string InType(string member, int filling) =>
        "namespace A.B.C;\n\ninternal class Sample\n{\n" + member.Replace(
            "@", string.Join('\n', Enumerable.Repeat("x,", filling)), StringComparison.Ordinal) + "\n}\n";
}
