using Xunit.Abstractions;
using Xunit.Sdk;

namespace ShareRpc.Tests.Fakes;

/// <summary>
/// A test of every store: skipped in a class with <see cref="NeedsPostgresAttribute"/> where there is no PostgreSQL.
/// </summary>
[XunitTestCaseDiscoverer("ShareRpc.Tests.Fakes.StoreFactDiscoverer", "ShareRpc.Tests")]
[AttributeUsage(AttributeTargets.Method)]
public sealed class StoreFactAttribute : FactAttribute;

/// <summary>The tests of this class need PostgreSQL.</summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class NeedsPostgresAttribute : Attribute;

/// <summary>Reads the attribute of the class that runs the test.</summary>
public sealed class StoreFactDiscoverer(IMessageSink messages) : FactDiscoverer(messages)
{
    /// <inheritdoc/>
    protected override IXunitTestCase CreateTestCase(
        ITestFrameworkDiscoveryOptions discoveryOptions, ITestMethod testMethod, IAttributeInfo factAttribute)
    {
        bool isPostgres = testMethod.TestClass.Class
            .GetCustomAttributes(typeof(NeedsPostgresAttribute).AssemblyQualifiedName).Any();
        return isPostgres && TestPostgres.SkipReason is not null
            ? new SkippedTestCase(
                DiagnosticMessageSink, discoveryOptions.MethodDisplayOrDefault(),
                discoveryOptions.MethodDisplayOptionsOrDefault(), testMethod)
            : base.CreateTestCase(discoveryOptions, testMethod, factAttribute);
    }
}

/// <summary>Is not run.</summary>
public sealed class SkippedTestCase : XunitTestCase
{
    /// <summary>For the deserializer.</summary>
    [Obsolete("For the deserializer.")]
    public SkippedTestCase()
    {
    }

    internal SkippedTestCase(
        IMessageSink messages, TestMethodDisplay display, TestMethodDisplayOptions options, ITestMethod method)
        : base(messages, display, options, method)
    {
    }

    /// <inheritdoc/>
    protected override string GetSkipReason(IAttributeInfo factAttribute) => TestPostgres.SkipReason!;
}
