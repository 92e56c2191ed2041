<?php
// Written by `hookglass export --with php`. Run with `phpunit FixturesTest.php`.
//
// FixturesTest::fixtures() is for your own tests: send each request to your handler, with its test
// key as the secret.

declare(strict_types=1);

use PHPUnit\Framework\Attributes\DataProvider;
use PHPUnit\Framework\TestCase;

final class FixturesTest extends TestCase
{
    // Providers that sign only the body: HMAC-SHA256 as lowercase hex.
    private const PLAIN = [{{plain}}];

    /** @return array<string, array{array<string, mixed>}> */
    public static function fixtures(): array
    {
        $found = [];
        foreach (glob(__DIR__ . '/*.json') as $path) {
            $content = json_decode(file_get_contents($path), true, 512, JSON_THROW_ON_ERROR);
            if (($content['schema'] ?? null) === 'hookglass.fixture/1') {
                $found[$content['name']] = [$content];
            }
        }
        return $found;
    }

    public static function body(array $fixture): string
    {
        $request = $fixture['request'];
        return $request['body_base64'] === null
            ? $request['body']
            : base64_decode($request['body_base64'], true);
    }

    public static function header(array $fixture, string $wanted): ?string
    {
        foreach ($fixture['request']['headers'] as [$name, $value]) {
            if (strcasecmp($name, $wanted) === 0) {
                return $value;
            }
        }
        return null;
    }

    #[DataProvider('fixtures')]
    public function testIsWholeAndHasTheSignatureThatItSays(array $fixture): void
    {
        $body = self::body($fixture);
        $length = self::header($fixture, 'content-length');
        self::assertSame($length === null ? strlen($body) : (int) $length, strlen($body));
        $key = $fixture['signature']['test_key'];
        if (in_array($fixture['provider'], self::PLAIN, true) && $key !== null) {
            $due = hash_hmac('sha256', $body, $key);
            $sent = self::header($fixture, $fixture['signature']['headers'][0]) ?? '';
            $signed = hash_equals($due, substr($sent, -strlen($due)));
            self::assertSame($fixture['signature']['verdict'] === 'verified', $signed);
        }
    }
}
